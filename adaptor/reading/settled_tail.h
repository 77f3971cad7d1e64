// The tail of a log whose newest record is a chunk behind which others have to come (F9).
#ifndef TIDELOG_ADAPTOR_READING_SETTLED_TAIL_H_
#define TIDELOG_ADAPTOR_READING_SETTLED_TAIL_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/log/log_context.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// The position of the newest message that is whole: the one at the tail may be being appended, and
// whoever resumes behind its tick would miss it.  It is looked for from the tail's last-confirmed
// on, where nearly always it lies; if it is not there, a position just below the tail's tick,
// behind which the same follows.  `log` and `backend` outlive this.  Requires: state.tail_is_cut.
// Errors: kUnavailable, kOnShutdown, kInner.
Future<absl::StatusOr<Position>> FindSettledTail(const LogContext* log,
                                                 walimpls::RoWalImpls* backend,
                                                 walimpls::LogState state);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_READING_SETTLED_TAIL_H_
