// Appendable: which messages a log takes.
#ifndef TIDELOG_ADAPTOR_APPEND_APPENDABLE_H_
#define TIDELOG_ADAPTOR_APPEND_APPENDABLE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "adaptor/options.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Whether `record`, which is larger than a chunk of `bytes_max`, can lie in several.  An AlterWAL
// is one record, for it is the end (G6); and each chunk repeats what is no payload, which may come
// to half of it.
bool FitsChunks(const RecordView& record, size_t bytes_max);

// What a log of a backend with `traits` takes (B4).
AppendLimits LimitsOf(const walimpls::Traits& traits, const LogOptions& options);

// OK: `record`, of which nothing is stamped yet, may be appended to `channel`.
// kTooLarge: above `limits` (B4).  kInvalidArgument: of the log's own, or of a kind that this log
// does not support.
absl::Status CheckAppendable(const PChannel& channel, const AppendLimits& limits,
                             const RecordView& record);

// OK: `record` may be in a batch with others (C8).  kInvalidArgument: it would have to wait for
// them, or they for it: a begin, commit, rollback or exclusive message.
absl::Status CheckInBatch(const PChannel& channel, const RecordView& record);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_APPEND_APPENDABLE_H_
