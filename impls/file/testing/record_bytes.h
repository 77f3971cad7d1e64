// Records as bytes, for tests.
#ifndef TIDELOG_IMPLS_FILE_TESTING_RECORD_BYTES_H_
#define TIDELOG_IMPLS_FILE_TESTING_RECORD_BYTES_H_

#include <string>
#include <string_view>

#include "wal/types.h"

namespace tidelog::impls::file {

// An Insert, stamped with term and tick; its last-confirmed is itself.
std::string InsertRecord(Term term, TimeTick tick, std::string_view payload);

// A stored TimeTick, likewise.
std::string TimeTickRecord(Term term, TimeTick tick);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_RECORD_BYTES_H_
