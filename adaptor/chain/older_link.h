// The links that a log has lain in before (G6), as its owner changes them.
//
// He opens such a link for writing under his own term to do so.  A lower term that lost the log
// while it did that must take nothing from a checkpoint that its successor was told is there.  It
// cannot:
//   * What the successor found when he claimed the store, the lower term knows, or its change was
//     not done: it holds the older link back for it (HeldCheckpoints).
//   * What the successor registers in an older link, he registers behind a fence of that link
//     (FenceLink()).  A truncation of a lower term came before the fence, and then the mark that he
//     reads there says so; or storage refuses it.
//   * Nobody of a lower term opens the link again behind that fence (A2).
#ifndef TIDELOG_ADAPTOR_CHAIN_OLDER_LINK_H_
#define TIDELOG_ADAPTOR_CHAIN_OLDER_LINK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Where a link lies.  The opener outlives what is done there.
struct LinkPlace {
  walimpls::OpenerImpls* from = nullptr;
  PChannel channel;  // With the term of whoever changes it.
  walimpls::OpenOptions options;
  std::optional<uint32_t> log;  // As ChainLink::log.
};

// All on options.strand, and none is bounded in time: the caller waits as long as he wants, and
// keeps what is used here alive until it has come back.  Errors: those of the backend; of them
// kChannelNotExist: nothing is there, or another log, and nothing is made or changed.
// kUnmatchedTerm: a higher term has it, or this one and did not close it cleanly.

// OK: it is there.  Opens it for reading.
Future<absl::Status> LookForLink(LinkPlace place);

// Whether what is at `place`, of which `id` is one, can be the link's: kChannelNotExist if not.  No
// id says nothing.
absl::Status CheckIsLink(const LinkPlace& place, const std::optional<MessageId>& id);

// What is there, once no lower term changes it any more.
Future<absl::StatusOr<walimpls::LogState>> FenceLink(LinkPlace place);

// Forgets what lies there up to a position, or the end (G3); yields how far.  Nothing in it is
// replayed by an open, so nothing else holds it back.  None: there are no records.
Future<absl::StatusOr<std::optional<Position>>> TruncateLink(LinkPlace place,
                                                             std::optional<Position> through);

// Whether `position` is one of a link that holds `state`; `what` is done with it, "truncate
// orders". kWalNameMismatch: of another log or backend.  kPositionGone: above its end.
absl::Status CheckWithin(std::string_view what, const Position& position,
                         const walimpls::LogState& state);

// What lies behind it is gone: so `what` cannot be done with it.  `oldest`: what is there.
absl::Status TruncatedAway(std::string_view what, const Position& position,
                           const std::optional<Position>& oldest);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_OLDER_LINK_H_
