#include "wal/utility/chunk_assembly.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/message/chunks.h"

namespace tidelog {
namespace {

// What a run may hold beside what it holds of its message, however small that is.
constexpr size_t kSlack = size_t{1} << 20;

size_t HeldBy(const ImmutableMessage& chunk) { return chunk.record().size() + sizeof(chunk); }

}  // namespace

ChunkAssembly::Result ChunkAssembly::TakeSlowly(ImmutableMessage& message) {
  const std::optional<Chunk> chunk = message.record().chunk();
  if (chunk) return TakeChunk(message, *chunk);
  may_begin_inside_ = false;
  // The bug: what is stored of a message is delivered in place of the tick that covers it.
  if (MutantIs(Mutant::kCutMessageDelivered) && message.type() == MessageType::kTimeTick) {
    message = JoinChunks(std::exchange(run_, {}));
  }
  Drop();
  return Result::kMessage;
}

ChunkAssembly::Result ChunkAssembly::TakeChunk(ImmutableMessage& message, const Chunk& chunk) {
  const TimeTick tick = message.time_tick();
  if (skips_ && tick == done_) return Result::kNothing;
  skips_ = false;
  if (!run_.empty() && run_.front().time_tick() != tick) Drop();
  return run_.empty() ? Begin(message, chunk) : Add(message, chunk);
}

ChunkAssembly::Result ChunkAssembly::Begin(ImmutableMessage& message, const Chunk& chunk) {
  const bool may_begin_inside = std::exchange(may_begin_inside_, false);
  if (chunk.index != 0 && may_begin_inside) {
    done_ = message.time_tick();
    skips_ = true;
    return Result::kNothing;
  }
  if (chunk.index != 0) {
    return Refuse(message, absl::StrCat("it is chunk ", chunk.index, " of ", chunk.total,
                                        ", and the ones before are not there"));
  }
  if (message.time_tick() == done_) {
    return Refuse(message, "it begins a message anew at the tick of the one before");
  }
  return Add(message, chunk);
}

ChunkAssembly::Result ChunkAssembly::Add(ImmutableMessage& message, const Chunk& chunk) {
  std::string misfit = Misfit(message, chunk);
  if (!misfit.empty()) return Refuse(message, std::move(misfit));
  const TimeTick tick = message.time_tick();
  bytes_ += BytesAdded(message.record());
  held_bytes_ += HeldBy(message);
  run_.push_back(std::move(message));
  if (run_.size() < chunk.total) return Result::kNothing;
  message = JoinChunks(std::exchange(run_, {}));
  Drop();
  done_ = tick;
  return Result::kMessage;
}

// To the message: of the first chunk also what is not payload.
size_t ChunkAssembly::BytesAdded(const RecordView& record) const {
  return run_.empty() ? record.size() : record.payload().size();
}

std::string ChunkAssembly::Misfit(const ImmutableMessage& message, const Chunk& chunk) const {
  if (bytes_ + BytesAdded(message.record()) > bytes_max_) {
    return absl::StrCat("with it its message is of more than ", bytes_max_, " bytes");
  }
  if (held_bytes_ + HeldBy(message) > 3 * bytes_max_ + kSlack || chunk.total > bytes_max_) {
    return absl::StrCat("its message is in too many chunks for at most ", bytes_max_, " bytes");
  }
  if (message.payload().empty()) return "it holds nothing";
  if (run_.empty()) return "";
  const RecordView& first = run_.front().record();
  const RecordView& record = message.record();
  if (chunk.index != run_.size() || chunk.total != first.chunk()->total) {
    return absl::StrCat("it is chunk ", chunk.index, " of ", chunk.total, ", where ", run_.size(),
                        " of ", first.chunk()->total, " comes next");
  }
  const bool fits = record.type() == first.type() && record.term() == first.term() &&
                    record.vchannel() == first.vchannel();
  return fits ? "" : "it is of another type, term or VChannel than the chunks before";
}

ChunkAssembly::Result ChunkAssembly::Refuse(const ImmutableMessage& message, std::string what) {
  const MessageId& first = run_.empty() ? message.id() : run_.front().id();
  fault_ = {first, message.id(), std::move(what)};
  Drop();
  done_ = message.time_tick();
  skips_ = true;
  return Result::kCorrupt;
}

std::optional<MessageId> ChunkAssembly::Restart() {
  std::optional<MessageId> lost;
  if (!run_.empty()) lost = run_.front().id();
  Drop();
  may_begin_inside_ = true;
  return lost;
}

void ChunkAssembly::Drop() {
  run_.clear();
  bytes_ = 0;
  held_bytes_ = 0;
}

}  // namespace tidelog
