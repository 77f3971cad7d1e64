// The disk of the model: what syncs, failures and crashes leave, and what is found on it.
#ifndef TIDELOG_IMPLS_FILE_MODEL_DISK_H_
#define TIDELOG_IMPLS_FILE_MODEL_DISK_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "impls/file/model/state.h"

namespace tidelog::impls::file::model {

// `landed` has a bit for each word that was dirty.
using Then = absl::FunctionRef<void(const State& after, uint32_t landed)>;

void SyncFile(State* state, uint8_t file);
void SyncNames(State* state);

// Calls `then` with each state that may be left when a sync of the file, or of the directory,
// fails: any of the dirty words have landed, none is dirty any more.
void FailSyncOfFile(const State& state, uint8_t file, Then then);
void FailSyncOfNames(const State& state, Then then);

// True if a crash would lose anything.
bool CanLose(const State& state);
// Calls `then` with each disk that a crash of the machine may leave.
void CrashDisk(const State& state, Then then);

// The newest manifest in the directory; null if there is none.
const Manifest* NewestManifest(const State& state);
// Requires: there is room, and none of that name.
void AddManifest(State* state, const Manifest& manifest);
bool HasManifest(const State& state, uint8_t term, uint8_t number);
// Forgets manifests that are gone, and files that nobody can reach any more.
void Tidy(State* state);

enum class Through : uint8_t { kCache, kDevice };
// The group at `place` of `segment`, as it is read from `file`.
struct Group {
  bool good = false;       // Both frames verify.
  bool committed = false;  // The commit frame does.
  bool has_record = false;
  uint8_t value = 0;
  uint8_t watermark = 0;
};
// `any_life`: frames are believed whatever life they carry.
Group ReadGroup(const State& state, uint8_t segment, uint8_t file, int place, Through through,
                bool any_life);

// The groups of a segment up to the first that is not good.
struct Scan {
  uint8_t last = 0;  // Id.
  uint8_t watermark = 0;
  uint8_t values[kIds] = {};
};
Scan ScanSegment(const State& state, uint8_t segment, uint8_t file, bool any_life);

// The listed segment in which `id` lies or will lie; null: below the first.
const Listed* FindListed(const State& state, const List& list, uint8_t id);
bool Lists(const List& list, uint8_t segment);

// Of a disk of `blocks`.
uint8_t FreeBlocks(const State& state, uint8_t blocks, bool sparse);

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_DISK_H_
