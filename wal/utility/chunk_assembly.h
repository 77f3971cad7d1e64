// ChunkAssembly: puts chunks together to the messages that they are of, before anything else looks
// at them (F9).
//
//   ChunkAssembly assembly;
//   for (each stored record, in log order) {
//     if (assembly.Take(record) == ChunkAssembly::Result::kMessage) ...  // `record` is whole now.
//   }
//
// The one function by which recovery and every scanner decide which messages are whole.  The writer
// knows it by what is acknowledged: the last chunk.
#ifndef TIDELOG_WAL_UTILITY_CHUNK_ASSEMBLY_H_
#define TIDELOG_WAL_UTILITY_CHUNK_ASSEMBLY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog {

// A run is the chunks of one message as far as they are stored: next to each other, in order, of
// one tick.  In a log id order is tick order (D8), so a run that another tick interrupts is never
// completed: it was cut by a failure, a crash or a fence, its append did not end done, and it has
// no effect.
//
// Pure: no clock, no I/O.  Thread-compatible.  Limits: it holds one run at a time, of a message of
// at most `bytes_max`, in chunks that come to three times that with what each repeats.  A writer
// lets it repeat no more than it holds of the message.
class ChunkAssembly {
 public:
  // What the largest message comes to, and no less, however small a log's own limit is now: what
  // was written under another must stay readable.
  static constexpr size_t kBytesMax = kPayloadSizeMax + kPropertiesSizeMax + (size_t{1} << 20);

  explicit ChunkAssembly(size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  enum class Result : uint8_t {
    kMessage,  // It goes on: a record that is no chunk, or a message that is whole now.
    kNothing,  // It was kept, or is what is left of a run that was told, or began before.
    kCorrupt,  // fault() says why; the run is dropped, and its other chunks will be.
  };

  // Takes the next record that counts, in log order.  The last chunk becomes its message, with the
  // id of the first; what interrupts a run drops it.  Requires: what was read before or is of a
  // lower term was left out (A5), and so were fence barriers; ticks do not descend.
  Result Take(ImmutableMessage& message) {
    if (run_.empty() && (message.record().flags() & kHasChunk) == 0) [[likely]] {
      may_begin_inside_ = false;
      return Result::kMessage;
    }
    return TakeSlowly(message);
  }

  // What comes next may be the rest of a run, which is passed over: behind a gap that was told, or
  // where somebody begins who needs nothing that began before.  Yields where the run began that is
  // lost by that, if one was open.  Without it a rest is corrupt, at the beginning of a scan too:
  // its message may be one that its reader counts on (F4).
  std::optional<MessageId> Restart();

  // Of the last kCorrupt.
  struct Fault {
    MessageId first;
    MessageId last;
    std::string what;
  };
  const Fault& fault() const { return fault_; }

  // Of the run that is open: chunks, and bytes of its message.
  size_t count() const { return run_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  Result TakeSlowly(ImmutableMessage& message);
  Result TakeChunk(ImmutableMessage& message, const Chunk& chunk);
  Result Begin(ImmutableMessage& message, const Chunk& chunk);
  Result Add(ImmutableMessage& message, const Chunk& chunk);
  Result Refuse(const ImmutableMessage& message, std::string what);
  // Why `message` cannot be the next of the run; empty: it is.
  std::string Misfit(const ImmutableMessage& message, const Chunk& chunk) const;
  size_t BytesAdded(const RecordView& record) const;
  void Drop();

  const size_t bytes_max_;
  std::vector<ImmutableMessage> run_;  // Its first chunks.
  size_t bytes_ = 0;
  size_t held_bytes_ = 0;  // By its chunks.
  bool may_begin_inside_ = false;
  // The tick of the last run that is whole or is not to be: no other begins at it.
  TimeTick done_{};
  bool skips_ = false;  // What is left of that.
  Fault fault_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_UTILITY_CHUNK_ASSEMBLY_H_
