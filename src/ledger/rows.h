/* Words of the database back to their values; the way there is in ledger.h. */
#pragma once
#include "ledger/ledger.h"

const char *ob_run_state_word(enum ob_run_state s);
bool ob_run_state_parse(const char *word, enum ob_run_state *s);
bool ob_person_state_parse(const char *word, enum ob_person_state *s);
bool ob_call_kind_parse(const char *word, enum ob_call_kind *k);
/* "" is OB_OK: a run that has not ended. */
bool ob_status_parse(const char *word, enum ob_status *s);
