#include "impls/file/testing/damaged_log.h"

#include <memory>
#include <utility>

#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "impls/file/file_ops.h"
#include "impls/file/names.h"
#include "wal/async/test_runtime.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {

namespace {

constexpr std::string_view kDirectory = "log/orders";
// Seven of them fill a segment.
constexpr uint64_t kPayloadSize = 8000;
constexpr uint64_t kFileSizeMax = uint64_t{1} << 30;

}  // namespace

std::string DamagedLog::PathTo(std::string_view name) const {
  if (absl::ConsumePrefix(&name, "../")) return PathOf("log", name);
  return PathOf(kDirectory, name);
}

void DamagedLog::Fill(int count, End end) {
  LogProcess owner(&machine_);
  CHECK_OK(owner.Open(Term{1}));
  for (int i = 0; i < count; ++i) CHECK_OK(owner.Append(1, kPayloadSize));
  owner.Tick();  // A watermark behind the last one: other processes see it.
  if (end == End::kClosed) {
    CHECK_OK(owner.Close(walimpls::CloseMode::kClean));
  } else {
    machine_.disk().CrashProcess(owner.files());
  }
}

std::vector<std::string> DamagedLog::Names(std::string_view part) {
  FileSystem* files = machine_.disk().NewProcess();
  const auto names = machine_.runtime().Run([&] { return files->List(std::string(kDirectory)); });
  std::vector<std::string> found;
  for (const std::string& name : *names) {
    if (absl::StrContains(name, part)) found.push_back(name);
  }
  return found;
}

std::string DamagedLog::Get(std::string_view name) {
  FileSystem* files = machine_.disk().NewProcess();
  const std::string path = PathTo(name);
  return machine_.runtime().Run([&] { return ReadWholeFile(files, path, kFileSizeMax); }).value();
}

void DamagedLog::Remove(std::string_view name) {
  FileSystem* files = machine_.disk().NewProcess();
  const std::string path = PathTo(name);
  CHECK_OK(machine_.runtime().Run([&] { return files->Unlink(path); }));
  const std::string directory = absl::StartsWith(name, "../") ? "log" : std::string(kDirectory);
  CHECK_OK(machine_.runtime().Run([&] { return files->SyncDirectory(directory); }));
}

void DamagedLog::Put(std::string_view name, std::string bytes) {
  Remove(name);
  FileSystem* files = machine_.disk().NewProcess();
  const std::string path = PathTo(name);
  CHECK_OK(machine_.runtime().Run([&] { return WriteNewFile(files, path, bytes); }));
  const std::string directory = absl::StartsWith(name, "../") ? "log" : std::string(kDirectory);
  CHECK_OK(machine_.runtime().Run([&] { return files->SyncDirectory(directory); }));
}

void DamagedLog::Rot(std::string_view name, uint64_t offset) {
  std::string bytes = Get(name);
  CHECK_LT(offset, bytes.size());
  bytes[offset] = static_cast<char>(bytes[offset] ^ 0x40);
  Put(name, std::move(bytes));
}

// The payload of a record is its number and then many an x.
std::pair<std::string, uint64_t> DamagedLog::Find(uint64_t number) {
  const std::string text = absl::StrCat(number, "xxxxxxxx");
  for (const std::string& name : Names(".seg")) {
    const std::string bytes = Get(name);
    size_t at = bytes.find(text);
    while (at != std::string::npos && absl::ascii_isdigit(bytes[at - 1])) {
      at = bytes.find(text, at + 1);
    }
    if (at != std::string::npos) return {name, at};
  }
  LOG(FATAL) << "no record " << number;
}

void DamagedLog::RotRecord(uint64_t number) {
  const auto [name, at] = Find(number);
  Rot(name, at + 100);
}

void DamagedLog::RotCommitOf(uint64_t number) {
  const auto [name, at] = Find(number);
  Rot(name, at + kPayloadSize + 30);
}

absl::StatusOr<RepairPlan> DamagedLog::Plan() {
  FileSystem* files = machine_.disk().NewProcess();
  return machine_.runtime().Run([&] { return PlanRepair(files, "log", "orders", {}); });
}

RepairRequest DamagedLog::Request() {
  RepairRequest request;
  request.files = machine_.disk().NewProcess();
  request.dir = "log";
  request.channel = "orders";
  request.when = "today";
  request.random = machine_.runtime().MakeRandom("repair");
  return request;
}

absl::StatusOr<RepairOutcome> DamagedLog::Repair(RepairRequest request) {
  return machine_.runtime().Run([&] { return ApplyRepair(request); });
}

absl::StatusOr<RepairOutcome> DamagedLog::Repair() { return Repair(Request()); }

VerifyReport DamagedLog::Verified() {
  FileSystem* files = machine_.disk().NewProcess();
  return machine_.runtime().Run([&] { return Verify(files, "log", "orders", {}); }).value();
}

DamagedLog::Seen DamagedLog::Read(ReadOptions::OnCorrupt on_corrupt) {
  std::unique_ptr<walimpls::OpenerImpls> opener = machine_.MakeOpener(machine_.disk().NewProcess());
  TestRuntime& runtime = machine_.runtime();
  walimpls::OpenOptions open_options;
  open_options.strand = runtime.executor();
  const PChannel channel{"orders", Term{0}};
  auto wal = runtime.Run([&] { return opener->OpenReadOnly(channel, open_options); });
  Seen seen;
  seen.status = wal.status();
  if (wal.ok()) {
    walimpls::ScanOptions options;
    options.on_corrupt = on_corrupt;
    options.until = runtime.Run([&] { return (*wal)->Info(); })->tail_id;
    auto scanner = runtime.Run([&] { return (*wal)->Read(options); });
    seen.status = scanner.status();
    bool end = !scanner.ok();
    while (!end) {
      auto batch = runtime.Run([&] { return (*scanner)->Next({}); });
      seen.status = batch.status();
      if (!batch.ok()) break;
      for (const ImmutableMessage& message : batch->messages) {
        seen.numbers.push_back(ToInt(message.time_tick()));
      }
      if (batch->gap.has_value()) {
        seen.gaps.emplace_back(*batch->gap->first.ToNumber(), *batch->gap->last.ToNumber());
        seen.reasons.push_back(batch->gap->reason);
      }
      end = batch->end;
    }
    if (scanner.ok()) {
      CHECK_OK(runtime.Run([&] { return (*scanner)->Close(); }));
      scanner->reset();
    }
    CHECK_OK(runtime.Run([&] { return (*wal)->Close(walimpls::CloseMode::kAbandon); }));
    wal->reset();
  }
  CHECK_OK(runtime.Run([&] { return opener->Close(); }));
  return seen;
}

std::map<std::string, std::string> DamagedLog::Originals() {
  std::map<std::string, std::string> originals;
  for (const std::string& name : Names("")) {
    const bool of_log =
        SegmentName::Parse(name).has_value() || ManifestName::Parse(name).has_value();
    if (of_log) originals.emplace(name, Get(name));
  }
  return originals;
}

std::string DamagedLog::Missing(const std::map<std::string, std::string>& originals) {
  FileSystem* files = machine_.disk().NewProcess();
  std::vector<std::string> places = {std::string(kDirectory)};
  for (const std::string& name : Names("repaired-")) places.push_back(PathOf(kDirectory, name));
  for (const auto& [name, bytes] : originals) {
    bool found = false;
    for (const std::string& place : places) {
      const std::string path = PathOf(place, name);
      const auto there =
          machine_.runtime().Run([&] { return ReadWholeFile(files, path, kFileSizeMax); });
      found = found || (there.ok() && *there == bytes);
    }
    if (!found) return name;
  }
  return "";
}

}  // namespace tidelog::impls::file
