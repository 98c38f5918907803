"""The people of these tests: every value is a canary that may be found nowhere but in sealed data."""

from __future__ import annotations

NAME = "Kanárie \u00d8sterlund"
PHONE = "15988776655"
EMAIL = "kanarie.osterlund@example.com"
PASSWORD = 'Old&bird"1\u00e9'
NEW_PASSWORD = "New+bird 2\u00df<"
THIRD_PASSWORD = "Third%bird'3\u00fc"
WEAK_PASSWORD = "Weak&feathers\u00e9"
WRONG_CODE = "WRONGBIRD7"
ID_NUMBER = "ID-7734-\u00c4/2291"
OLD_ID_NUMBER = "ID-1029-\u00c5/4417"
STREET = 'Canary Wharf "12" \u2013 left & up'
PICTURE = "https://pictures.example.com/kanarie-osterlund.png"
OTHER_PICTURE = "https://pictures.example.com/somebody-else-17.png"
TOKEN = "token-of-the-canaries-5521"

MALFORMED_PHONE = "12345"
MALFORMED_EMAIL = "kanarie.osterlund@test"
"""Both are taken by this package, which leaves the last word to the service, and refused by the sandbox."""

NOBODY = "00000000-0000-4000-8000-000000000000"
"""A user id that nobody has."""

CANARIES = {
    "name": NAME,
    "phone": PHONE,
    "e-mail address": EMAIL,
    "malformed e-mail address": MALFORMED_EMAIL,
    "password": PASSWORD,
    "new password": NEW_PASSWORD,
    "third password": THIRD_PASSWORD,
    "weak password": WEAK_PASSWORD,
    "wrong code": WRONG_CODE,
    "id number": ID_NUMBER,
    "old id number": OLD_ID_NUMBER,
    "street": STREET,
    "picture": PICTURE,
    "token": TOKEN,
}
