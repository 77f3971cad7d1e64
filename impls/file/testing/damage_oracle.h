// DamageOracle: whether a log whose files were changed still tells the truth.
//
// Whatever was done to its files, the log yields exactly the records that it held, or refuses in a
// sentence that names the file and the place; only its last group, which no watermark covers, may
// be dropped, and that is reported.  It never yields a record that was not appended, in another
// place or with other bytes; it never ends early in silence; the inspector never finds it sound
// when it is not; and an open destroys nothing that could still be read.
#ifndef TIDELOG_IMPLS_FILE_TESTING_DAMAGE_ORACLE_H_
#define TIDELOG_IMPLS_FILE_TESTING_DAMAGE_ORACLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "impls/file/testing/damage_trial.h"
#include "impls/file/testing/log_image.h"

namespace tidelog::impls::file {

// What was done to the files, as far as that decides what is allowed.
struct Damage {
  std::string text;                // "bit 3 of byte 17 of orders/TERM".
  std::vector<std::string> files;  // Those that were changed; a refusal names one of them.
  bool in_last_group = false;      // That alone may be dropped.
  bool of_owner_word = false;      // It may say anything; then a higher term is asked for.
  // The unsealed segment is one of an earlier time: the log is that of the time.
  bool is_older_tail = false;
};

// What is wrong with what became of `log` under `damage`; empty: nothing.
std::string WhatIsWrong(const KnownLog& log, const Damage& damage, const LogImage& damaged,
                        const DamageOutcome& outcome);

// Tries `damaged`, and judges it: a sentence that names the damage; empty: nothing is wrong.
std::string TryDamage(const KnownLog& log, const Damage& damage, const LogImage& damaged);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_DAMAGE_ORACLE_H_
