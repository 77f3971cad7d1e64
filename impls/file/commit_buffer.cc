#include "impls/file/commit_buffer.h"

#include <algorithm>

#include "absl/log/check.h"
#include "impls/file/little_endian.h"
#include "wal/base/mutant.h"
#include "wal/message/chunks.h"
#include "wal/message/message_block.h"
#include "wal/message/record.h"

namespace tidelog::impls::file {

namespace {

// Readers take a group at once, so a large write is several groups.
constexpr uint64_t kGroupBytes = 128u << 10;

// Places in the header of a frame that was encoded here.
constexpr size_t kSizeAt = offsetof(FrameHeader, size);
constexpr size_t kTypeAt = offsetof(FrameHeader, type);

bool IsStoredTimeTick(const RecordView& record) {
  return record.type() == MessageType::kTimeTick &&
         (record.flags() & (kFenceBarrier | kNotPersisted)) == 0;
}

}  // namespace

void CommitBuffer::AppendRecord(uint64_t id, uint64_t offset, std::string_view record,
                                FrameEncoder* encoder) {
  const size_t needed = bytes_.size() + FrameSize(record.size()) + kCommitFrameSize;
  if (bytes_.capacity() < needed) bytes_.reserve(std::max(needed, bytes_.capacity() * 2));
  last_record_at_ = bytes_.size();
  encoder->AppendRecord(id, offset + bytes_.size(), record, &bytes_);
}

void CommitBuffer::Append(const walimpls::Group& group, uint64_t first_id,
                          Promise<absl::StatusOr<walimpls::Ids>> promise, uint64_t offset,
                          uint64_t watermark, NewestTicks* newest, FrameEncoder* encoder) {
  if (appends_.empty()) {
    chain_before_ = encoder->chain();
    newest_ = *newest;
  }
  uint64_t id = first_id;
  for (const ImmutableMessage& message : group) {
    const RecordView& record = message.record();
    AppendRecord(id, offset, std::string_view(record.data(), record.size()), encoder);
    newest->last_tick = std::max(newest->last_tick, ToInt(record.time_tick()));
    if (IsStoredTimeTick(record)) newest->newest_time_tick_id = id;
    ++id;
  }
  newest_ = *newest;
  appends_.push_back({std::move(promise), first_id, static_cast<uint32_t>(group.size())});
  if (bytes_.size() - committed_size_ >= kGroupBytes) Commit(offset, watermark, encoder);
}

void CommitBuffer::Commit(uint64_t offset, uint64_t watermark, FrameEncoder* encoder) {
  if (committed_size_ == bytes_.size()) return;
  encoder->AppendCommit(offset + bytes_.size(), last_id(), watermark, newest_.last_tick,
                        newest_.newest_time_tick_id, &bytes_);
  if (MutantIs(Mutant::kWatermarkBeforeSync)) {
    encoder->AppendCommit(offset + bytes_.size(), last_id(), last_id(), newest_.last_tick,
                          newest_.newest_time_tick_id, &bytes_);
  }
  committed_size_ = bytes_.size();
}

void CommitBuffer::Reencode(uint64_t offset, uint64_t watermark, FrameEncoder* encoder) {
  if (appends_.empty()) return;
  std::vector<char> old = std::exchange(bytes_, {});
  bytes_.reserve(old.capacity());
  committed_size_ = 0;
  chain_before_ = encoder->chain();
  uint64_t id = appends_.front().first_id;
  for (size_t at = 0; at < old.size();) {
    const uint32_t size = LoadLittleEndian<uint32_t>(old.data() + at + kSizeAt);
    Frame frame;
    frame.type = static_cast<FrameType>(old[at + kTypeAt]);
    frame.payload = std::string_view(old.data() + at + sizeof(FrameHeader), size);
    if (frame.type == FrameType::kRecord) {
      AppendRecord(id++, offset, frame.payload, encoder);
    } else {
      frame.id = id - 1;
      const std::optional<CommitPayload> commit = ParseCommit(frame);
      CHECK(commit.has_value());
      encoder->AppendCommit(offset + bytes_.size(), id - 1, watermark, commit->last_tick,
                            commit->newest_time_tick_id, &bytes_);
      committed_size_ = bytes_.size();
    }
    at += FrameSize(size);
  }
}

IndexEntry CommitBuffer::index_entry(uint64_t offset) const {
  IndexEntry entry;
  entry.id = appends_.front().first_id;
  entry.tick = ToInt(RecordView::Trusted(bytes_.data() + sizeof(FrameHeader)).time_tick());
  entry.offset = offset;
  entry.chain = chain_before_;
  return entry;
}

Position CommitBuffer::last_position(const MessageId::Origin& origin) const {
  const RecordView record =
      RecordView::Trusted(bytes_.data() + last_record_at_ + sizeof(FrameHeader));
  const ImmutableMessage message(MessageBlockRef(), record,
                                 MessageId::FromNumber(origin, last_id()));
  return message.position();
}

bool CommitBuffer::last_is_cut() const {
  return IsCut(RecordView::Trusted(bytes_.data() + last_record_at_ + sizeof(FrameHeader)));
}

void CommitBuffer::Clear(std::vector<PendingAppend> appends) {
  appends.clear();
  appends_ = std::move(appends);
  bytes_.clear();
  committed_size_ = 0;
}

void CommitBuffer::Shrink() {
  CHECK(empty());
  std::vector<char>().swap(bytes_);
  std::vector<PendingAppend>().swap(appends_);
}

}  // namespace tidelog::impls::file
