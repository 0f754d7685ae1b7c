/* A password that nobody knows: for accounts that are made again and must have one, because the
 * cloud writes to the person when there is none. */
#pragma once

#define OB_PASSWORD_TEXT 25

/* 24 characters with at least one capital, small letter, digit and sign: enough for every rule
 * the clouds have. Ends the process when the system has no randomness. */
void ob_password_new(char out[OB_PASSWORD_TEXT]);
void ob_password_wipe(char password[OB_PASSWORD_TEXT]);
