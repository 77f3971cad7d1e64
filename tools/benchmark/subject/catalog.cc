#include "tools/benchmark/subject/catalog.h"

#include <memory>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/benchmark/subject/backend_log.h"
#include "tools/benchmark/subject/file_log.h"
#include "tools/benchmark/subject/peers.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {
namespace {

constexpr std::string_view kNames[] = {"file", "backend", "rocksdb", "leveldb", "sqlite", "lmdb"};

}  // namespace

std::span<const std::string_view> SubjectNames() { return kNames; }

absl::StatusOr<std::unique_ptr<Subject>> MakeSubject(std::string_view name, Purpose purpose) {
  const bool truncates = purpose == Purpose::kAppend;
  if (name == "file") return std::make_unique<FileLog>(truncates);
  if (name == "backend") return std::make_unique<BackendLog>(truncates);
  if (name == "rocksdb") return MakeRocksDb();
  if (name == "leveldb") return MakeLevelDb();
  if (name == "sqlite") return MakeSqlite();
  if (name == "lmdb") return MakeLmdb();
  return absl::InvalidArgumentError(
      absl::StrCat("there is no subject \"", name, "\": choose of ", absl::StrJoin(kNames, ", ")));
}

}  // namespace tidelog::benchmark
