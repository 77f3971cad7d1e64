// CommitBuffer: appends that go to storage together: their frames, encoded as they come, and whom
// to tell.
#ifndef TIDELOG_IMPLS_FILE_COMMIT_BUFFER_H_
#define TIDELOG_IMPLS_FILE_COMMIT_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "impls/file/segment_format.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {

// What a commit frame says besides ids.
struct NewestTicks {
  uint64_t last_tick = 0;
  uint64_t newest_time_tick_id = 0;
};

// One append in flight.
struct PendingAppend {
  Promise<absl::StatusOr<walimpls::Ids>> promise;
  uint64_t first_id = 0;
  uint32_t count = 0;
};

// Thread-compatible.
class CommitBuffer {
 public:
  bool empty() const { return appends_.empty(); }
  size_t size() const { return bytes_.size(); }
  std::span<const char> bytes() const { return bytes_; }

  // Encodes the messages of `group` with ids from `first_id` on, and keeps `promise`.  They are not
  // referred to afterwards.  `offset` is where this buffer begins in the segment; `watermark` as in
  // CommitPayload; `newest` is brought up to date.
  void Append(const walimpls::Group& group, uint64_t first_id,
              Promise<absl::StatusOr<walimpls::Ids>> promise, uint64_t offset, uint64_t watermark,
              NewestTicks* newest, FrameEncoder* encoder);

  // Ends the group with its commit frame, unless it just ended: now it can be written.
  // Requires: not empty.
  void Commit(uint64_t offset, uint64_t watermark, FrameEncoder* encoder);

  // Encodes the same frames, with the same ids, for another place in another segment.
  void Reencode(uint64_t offset, uint64_t watermark, FrameEncoder* encoder);

  // Behind the last record.  Requires: not empty.
  const NewestTicks& newest() const { return newest_; }
  uint64_t last_id() const { return appends_.back().first_id + appends_.back().count - 1; }
  Position last_position(const MessageId::Origin& origin) const;
  bool last_is_cut() const;

  // Of the first record, for the segment's index.  Requires: not empty.
  IndexEntry index_entry(uint64_t offset) const;

  // The appends, to be told how they ended; the bytes stay.
  std::vector<PendingAppend> Take() {
    return std::exchange(appends_, std::vector<PendingAppend>());
  }
  // Makes it empty.  `appends` is from Take(), for its memory.  Requires: not being written.
  void Clear(std::vector<PendingAppend> appends);

  // Gives its memory back.  Requires: empty.
  void Shrink();

 private:
  void AppendRecord(uint64_t id, uint64_t offset, std::string_view record, FrameEncoder* encoder);

  std::vector<char> bytes_;
  std::vector<PendingAppend> appends_;
  NewestTicks newest_;
  uint64_t committed_size_ = 0;  // Where the last commit frame ends.
  uint64_t last_record_at_ = 0;
  uint32_t chain_before_ = 0;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_COMMIT_BUFFER_H_
