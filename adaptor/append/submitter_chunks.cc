// Messages in chunks, on their way to the backend (F9).
#include <cstddef>
#include <utility>
#include <vector>

#include "adaptor/append/appendable.h"
#include "adaptor/append/submitter.h"
#include "wal/message/chunks.h"

namespace tidelog::adaptor {

// The last word on one that an interceptor has made larger than it may be is the backend's.
bool Submitter::IsInChunks(const RecordView& record) const {
  return record.size() > parts_.chunk_bytes_max && FitsChunks(record, parts_.chunk_bytes_max);
}

// All in this step, so that nothing comes between the groups; and if one of them does not land,
// none behind it does (D8).  The message is kept whole beside its chunks, to be tried again.
void Submitter::SubmitChunks(AppendRun& run, size_t index) {
  std::vector<ImmutableMessage> chunks =
      SplitIntoChunks(run.Seal(index).record(), parts_.chunk_bytes_max);
  const walimpls::Traits& traits = parts_.backend->traits();
  std::vector<ImmutableMessage> group;
  size_t bytes = 0;
  for (ImmutableMessage& chunk : chunks) {
    const size_t size = chunk.record().size();
    if (!group.empty() &&
        (group.size() == traits.group_count_max || bytes + size > traits.group_bytes_max)) {
      SubmitChunkGroup(run, index, std::exchange(group, {}));
      bytes = 0;
    }
    bytes += size;
    group.push_back(std::move(chunk));
  }
  SubmitChunkGroup(run, index, std::move(group));
}

void Submitter::SubmitChunkGroup(AppendRun& run, size_t index,
                                 std::vector<ImmutableMessage> chunks) {
  const size_t count = IsCut(chunks.back().record()) ? 0 : 1;
  for (const ImmutableMessage& chunk : chunks) chunk_bytes_ += chunk.record().size();
  walimpls::Group group(chunks.begin(), chunks.end());
  Future<absl::StatusOr<walimpls::Ids>> ids = parts_.backend->Append(std::move(group));
  run.groups.push_back({index, count, std::move(ids), std::move(chunks)});
  ++run.groups_left;
}

// Readers are given them as they are stored, and put them together themselves: so it is the same to
// them whether they read them here or there, and where they change over (F3).
void Submitter::StoredChunks(AppendRun& run, const AppendRun::Group& group,
                             const walimpls::Ids& ids) {
  for (size_t i = 0; i < ids.size(); ++i) {
    const RecordView record = group.chunks[i].record();
    counts_.bytes += record.size();
    if (record.chunk()->index == 0) {
      run.first_chunk = ids[i];
      ++run.cut_count;
    }
    if (parts_.buffer != nullptr) Buffer(run, group.chunks[i], ids[i]);
  }
  if (group.count == 0) {
    // If the others do not follow, a tick makes an end of it: readers let go of what they hold.
    mvcc_.OnUncommitted(group.chunks.front().time_tick());
    return;
  }
  --run.cut_count;
  Acknowledge(run, run.first_chunk, ids.back());
}

// The message may have to wait for groups behind, and the buffer has its own share of the chunks.
void Submitter::LetGoOfChunks(AppendRun::Group& group) {
  for (const ImmutableMessage& chunk : group.chunks) chunk_bytes_ -= chunk.record().size();
  group.chunks = {};
}

}  // namespace tidelog::adaptor
