// Takeover: how a channel is opened for writing: claim, fence, boundary, own segment.
//
// The order of the steps is what makes the fence hold (README.md, "The fence"); a model of them and
// of everything that may go on beside them was explored exhaustively, and each step that was left
// out led to a lost or a phantom record.
#ifndef TIDELOG_IMPLS_FILE_TAKEOVER_H_
#define TIDELOG_IMPLS_FILE_TAKEOVER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "impls/file/log_view.h"
#include "impls/file/options.h"
#include "impls/file/segment_chain.h"
#include "impls/file/tail_recovery.h"
#include "impls/file/term_file.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/io/file_system.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/types.h"

namespace tidelog::impls::file {

// A channel that is owned, and where its log ended before.
struct OwnedChannel {
  std::unique_ptr<TermFile> term;
  std::shared_ptr<LogView> view;
  std::unique_ptr<SegmentChain> chain;  // With an active segment behind the boundary.
  TailPoint boundary;
  std::optional<Position> tail;       // Of the record at the boundary; none: there is none.
  ImmutableMessage newest_time_tick;  // At or below it; empty: there is none.
};

struct TakeoverRequest {
  FileSystem* files = nullptr;
  FileOptions options;
  PChannel channel;
  uint32_t epoch = 0;
  Observer* observer = nullptr;
  RandomStream random{0, ""};
};

// Takes the channel over.  Its directory is there, with a TERM.  Errors as OpenerImpls::Open()'s.
// What `request` points to must outlive what is yielded.
Future<absl::StatusOr<OwnedChannel>> TakeOver(TakeoverRequest request);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TAKEOVER_H_
