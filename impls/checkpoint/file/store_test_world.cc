#include "impls/checkpoint/file/store_test_world.h"

#include <algorithm>
#include <optional>
#include <span>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/message/message_id.h"
#include "wal/status.h"

namespace tidelog::impls::checkpoint {
namespace {

std::string PathOf(std::string_view name) { return absl::StrCat(kDirectory, "/", name); }

Future<absl::Status> WriteAt(FileSystem* files, std::string path, uint64_t offset,
                             std::string bytes) {
  absl::StatusOr<std::unique_ptr<File>> file = co_await files->Open(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(file.status())) {
    file = co_await files->Open(path, OpenMode::kCreateExclusive);
  }
  if (!file.ok()) co_return file.status();
  const std::span<const char> pieces[] = {std::span<const char>(bytes)};
  absl::Status written = co_await (*file)->Write(offset, pieces);
  co_return written;
}

}  // namespace

Position At(uint64_t number) {
  return Position{MessageId::FromNumber({LogKind::kFile, 7, 0}, number), TimeTick{number}};
}

std::string TextOf(const CheckpointSet& set) {
  std::string text = absl::StrCat(ToInt(set.term), ":");
  for (const Checkpoint& checkpoint : set.checkpoints) {
    absl::StrAppend(&text, " ", checkpoint.name, "=", ToInt(checkpoint.position.time_tick));
  }
  return text;
}

StoreWorld::StoreWorld(uint64_t seed) : runtime_(seed), disk_(&runtime_, {.seed = seed}) {
  FileSystem* maker = disk_.NewProcess();
  CHECK_OK(Run([&] { return maker->CreateDirectory("log"); }));
  CHECK_OK(Run([&] { return maker->SyncDirectory("."); }));
}

StoreWorld::~StoreWorld() { runtime_.RunUntilIdle(); }

std::string StoreWorld::Stored() {
  FileCheckpointStore store(disk_.NewProcess(), "log");
  const absl::StatusOr<CheckpointSet> set = Run([&] { return store.Read(std::string(kChannel)); });
  return set.ok() ? TextOf(*set) : set.status().ToString();
}

std::vector<std::string> StoreWorld::FileNames() {
  FileSystem* files = disk_.NewProcess();
  absl::StatusOr<std::vector<std::string>> names =
      Run([&] { return files->List(std::string(kDirectory)); });
  return names.ok() ? *std::move(names) : std::vector<std::string>();
}

void StoreWorld::Overwrite(std::string_view name, uint64_t offset, std::string_view bytes) {
  FileSystem* files = disk_.NewProcess();
  CHECK_OK(Run([&] { return WriteAt(files, PathOf(name), offset, std::string(bytes)); }));
}

void StoreWorld::Unlink(std::string_view name) {
  FileSystem* files = disk_.NewProcess();
  CHECK_OK(Run([&] { return files->Unlink(PathOf(name)); }));
}

StoreProcess::StoreProcess(StoreWorld* world, std::vector<CheckpointSet>* possible)
    : StoreProcess(world, possible, world->disk().NewProcess()) {}

StoreProcess::StoreProcess(StoreWorld* world, std::vector<CheckpointSet>* possible,
                           FileSystem* files)
    : world_(*world), possible_(*possible), files_(files), store_(files, "log") {}

void StoreProcess::Begin(const CheckpointSet& target) { possible_.push_back(target); }

void StoreProcess::End(const absl::Status& status, const CheckpointSet& target) {
  if (EffectOf(status) == Effect::kDone) possible_ = {target};
  if (EffectOf(status) == Effect::kNotDone) possible_.pop_back();
}

absl::Status StoreProcess::Claim(int64_t term) {
  claim_.reset();
  const std::vector<CheckpointSet> before = possible_;
  for (CheckpointSet set : before) {
    set.term = Term{term};
    possible_.push_back(set);
  }
  absl::StatusOr<std::unique_ptr<CheckpointClaim>> claim = world_.Run([&] {
    return store_.Claim(PChannel{std::string(kChannel), Term{term}});
  });
  if (EffectOf(claim.status()) == Effect::kNotDone) possible_ = before;
  if (!claim.ok()) return claim.status();
  claim_ = *std::move(claim);
  CHECK(IsPossible(possible_, TextOf(claim_->content())))
      << TextOf(claim_->content()) << " was claimed, and may be " << TextOf(possible_);
  possible_ = {claim_->content()};
  return absl::OkStatus();
}

absl::Status StoreProcess::Put(std::string_view name, uint64_t number) {
  CheckpointSet target = claim_->content();
  CHECK_OK(target.Put(name, At(number)));
  Begin(target);
  absl::Status status = world_.Run([&] { return claim_->Put(std::string(name), At(number)); });
  End(status, target);
  return status;
}

absl::Status StoreProcess::Remove(std::string_view name) {
  CheckpointSet target = claim_->content();
  target.Remove(name);
  Begin(target);
  absl::Status status = world_.Run([&] { return claim_->Remove(std::string(name)); });
  End(status, target);
  return status;
}

bool IsPossible(const std::vector<CheckpointSet>& possible, std::string_view text) {
  return std::any_of(possible.begin(), possible.end(),
                     [text](const CheckpointSet& set) { return TextOf(set) == text; });
}

std::string TextOf(const std::vector<CheckpointSet>& possible) {
  std::string text;
  for (const CheckpointSet& set : possible) absl::StrAppend(&text, "[", TextOf(set), "] ");
  return text;
}

}  // namespace tidelog::impls::checkpoint
