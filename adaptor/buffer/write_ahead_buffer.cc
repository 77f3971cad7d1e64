#include "adaptor/buffer/write_ahead_buffer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "wal/message/record.h"

namespace tidelog::adaptor {
namespace {

bool GoesOn(const RecordView& record) {
  const std::optional<Chunk> chunk = record.chunk();
  return chunk && chunk->index > 0;
}

}  // namespace

WriteAheadBuffer::WriteAheadBuffer(const Limits& limits, const std::optional<MessageId>& boundary)
    : limits_(limits), floor_(boundary.value_or(MessageId())), ring_(1) {}

WriteAheadBuffer::~WriteAheadBuffer() {
  CHECK(waiting_.empty()) << "a write-ahead buffer was destroyed with readers waiting";
}

size_t WriteAheadBuffer::BytesOf(const Entry& entry) {
  return sizeof(Entry) + entry.message.memory_size();
}

void WriteAheadBuffer::Push(const ImmutableMessage& message, const MessageId& id,
                            absl::Duration at) {
  if (sealed_) return;
  // Id order is tick order (D8), and ticks compare faster; those of chunks are the same (F9).
  CHECK(message.time_tick() > newest_tick_ ||
        (message.time_tick() == newest_tick_ && GoesOn(message.record())))
      << "record " << id.ToString() << " was acknowledged out of the order of the log";
  newest_tick_ = message.time_tick();
  if (end_ % kChunkSize == 0) AddChunk();
  bytes_ += BytesOf(ChunkOf(end_++).emplace_back(message, id, at));
  while (bytes_ > limits_.bytes_max && size() > 1) EvictFirst();
  if (!waiting_.empty()) WakeAll();
}

void WriteAheadBuffer::AddChunk() {
  const size_t number = end_ / kChunkSize;
  const size_t in_use = number - first_ / kChunkSize;
  if (in_use == ring_.size()) {
    std::vector<Chunk> larger(2 * ring_.size());
    for (size_t i = number - in_use; i < number; ++i) {
      larger[i & (larger.size() - 1)] = std::move(ring_[i & (ring_.size() - 1)]);
    }
    ring_ = std::move(larger);
  }
  Chunk& chunk = ring_[number & (ring_.size() - 1)];
  chunk = std::exchange(spare_, Chunk());
  chunk.reserve(kChunkSize);
}

void WriteAheadBuffer::EvictFirst() {
  Entry& entry = At(first_);
  bytes_ -= BytesOf(entry);
  floor_ = entry.message.id();
  entry.message = ImmutableMessage();
  Chunk& chunk = ChunkOf(first_);
  if (++first_ % kChunkSize != 0) return;
  chunk.clear();
  spare_ = std::exchange(chunk, Chunk());
}

void WriteAheadBuffer::EvictOld(absl::Duration now) {
  while (size() > 1 && now - At(first_).at > limits_.age_max) EvictFirst();
}

void WriteAheadBuffer::Seal() {
  if (std::exchange(sealed_, true)) return;
  ring_.clear();
  spare_ = Chunk();
  first_ = end_;
  bytes_ = 0;
  WakeAll();
}

bool WriteAheadBuffer::IsOfThisLog(const MessageId& id) const {
  if (size() == 0) return floor_.has_value() && floor_.origin() == id.origin();
  return newest().id().origin() == id.origin();
}

WriteAheadBuffer::Place WriteAheadBuffer::FirstAbove(const MessageId& id, bool or_equal) const {
  Place low = first_;
  Place high = end_;
  while (low < high) {
    const Place middle = low + (high - low) / 2;
    const std::strong_ordering order = CompareWithinLog(At(middle).message.id(), id);
    const bool above = or_equal ? order >= 0 : order > 0;
    if (above) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// Until it is evicted, half of what the buffer may hold is still to be pushed: else a reader that
// is about as fast as the writer would open the backend's scanner again and again.
bool WriteAheadBuffer::IsFarFromEviction(Place place) const {
  if (place + 1 >= end_) return true;
  const size_t room = limits_.bytes_max - bytes_;
  const size_t older = bytes_ / size() * (place - first_);
  return room + older >= limits_.bytes_max / 2;
}

std::optional<WriteAheadBuffer::Place> WriteAheadBuffer::PlaceBehind(const MessageId& id) const {
  if (sealed_ || !IsOfThisLog(id)) return std::nullopt;
  if (floor_.has_value() && BeforeWithinLog(id, floor_)) return std::nullopt;
  const Place place = FirstAbove(id, /*or_equal=*/false);
  return IsFarFromEviction(place) ? std::optional(place) : std::nullopt;
}

std::optional<WriteAheadBuffer::Place> WriteAheadBuffer::PlaceAt(const MessageId& id) const {
  if (sealed_ || !IsOfThisLog(id)) return std::nullopt;
  if (floor_.has_value() && !BeforeWithinLog(floor_, id)) return std::nullopt;
  const Place place = FirstAbove(id, /*or_equal=*/true);
  // What lies between the newest here and `id`, if that is above it, is not wanted.
  if (place == end_) return std::nullopt;
  return IsFarFromEviction(place) ? std::optional(place) : std::nullopt;
}

void WriteAheadBuffer::Read(Place* place, size_t count_max, size_t bytes_max,
                            std::vector<ImmutableMessage>* messages) {
  CHECK(Holds(*place)) << "a reader looks for what was evicted";
  const Place limit = std::min(end_, *place + std::max<size_t>(1, count_max));
  size_t bytes = 0;
  const Place begin = *place;
  for (; *place < limit; ++*place) {
    const ImmutableMessage& message = At(*place).message;
    bytes += message.record().size();
    if (bytes > bytes_max && *place > begin) return;
    messages->push_back(message);
  }
}

Future<Unit> WriteAheadBuffer::WhenMore(Waiter* waiter) {
  CHECK(!waiter->promise_) << "a reader waits twice";
  waiter->promise_.emplace("a push to the write-ahead buffer");
  waiting_.PushBack(*waiter);
  return waiter->promise_->future();
}

void WriteAheadBuffer::StopWaiting(Waiter* waiter) {
  if (!waiter->promise_) return;
  waiting_.Remove(*waiter);
  std::exchange(waiter->promise_, std::nullopt)->Set(Unit{});
}

void WriteAheadBuffer::WakeAll() {
  while (Waiter* waiter = waiting_.first()) StopWaiting(waiter);
}

}  // namespace tidelog::adaptor
