"""The journeys, one file each, the whole journey on one screen.

They import only ``onboarding``'s public names, and are found by entry point: a package of your own adds flows the
same way.
"""

from flows.avatar_change import AvatarChange
from flows.email_registration import EmailRegistration
from flows.email_signup import EmailSignup
from flows.kyc_update import KycUpdate
from flows.mobile_registration import MobileRegistration
from flows.password_change import PasswordChange
from flows.password_reset import PasswordReset
from flows.phone_verification import PhoneVerification
from flows.task_watch import TaskWatch

__all__ = [
    "AvatarChange",
    "EmailRegistration",
    "EmailSignup",
    "KycUpdate",
    "MobileRegistration",
    "PasswordChange",
    "PasswordReset",
    "PhoneVerification",
    "TaskWatch",
]
