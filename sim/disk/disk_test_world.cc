#include "sim/disk/disk_test_world.h"

#include <algorithm>
#include <span>

#include "absl/log/check.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog::sim {
namespace {

using Pieces = std::vector<std::span<const char>>;

}  // namespace

DiskTestHost::DiskTestHost(Kernel* kernel, SimDisk* disk, std::string_view name)
    : kernel_(kernel), process_(kernel->Spawn(name)) {
  program_ = process_->Enter([&] {
    auto program = std::make_unique<Program>();
    program->files = std::make_unique<SimFileSystem>(disk, process_);
    program->executor = process_->runtime()->MakeExecutor("main");
    return program.release();
  });
}

DiskTestHost::~DiskTestHost() {
  if (!process_->alive()) return;
  process_->Enter([&] {
    const std::unique_ptr<Program> program(program_);
    program->opened.clear();
    return 0;
  });
  const Leftovers left = kernel_->End(process_);
  EXPECT_EQ(left, Leftovers()) << process_->name() << " left " << left.blocks << " blocks, "
                               << left.jobs << " jobs, " << left.events << " events";
}

absl::StatusOr<File*> DiskTestHost::Open(std::string_view path, OpenMode mode) {
  auto file = Await([&] { return files()->Open(std::string(path), mode); });
  if (!file.ok()) return file.status();
  File* opened = file->get();
  process_->Enter([&] {
    program_->opened.push_back(*std::move(file));
    return 0;
  });
  return opened;
}

File* DiskTestHost::MustOpen(std::string_view path, OpenMode mode) {
  const absl::StatusOr<File*> file = Open(path, mode);
  CHECK_OK(file.status());
  return *file;
}

File* DiskTestHost::Create(std::string_view path, std::string_view contents) {
  File* file = MustOpen(path, OpenMode::kCreateExclusive);
  if (!contents.empty()) CHECK_OK(Write(file, 0, contents));
  return file;
}

void DiskTestHost::Close(File* file) {
  std::erase_if(program_->opened, [&](const auto& opened) { return opened.get() == file; });
}

absl::Status DiskTestHost::Write(File* file, uint64_t offset, std::string_view bytes) {
  const Pieces pieces = {bytes};
  return Await([&] { return file->Write(offset, pieces); });
}

WriteSyncResult DiskTestHost::WriteAndSync(File* file, uint64_t offset, std::string_view bytes) {
  const Pieces pieces = {bytes};
  return Await([&] { return file->WriteAndSync(offset, pieces, Runtime::Urgency::kNow); });
}

absl::StatusOr<std::string> DiskTestHost::Read(File* file, uint64_t offset, size_t size) {
  std::string bytes(size, '?');
  const absl::StatusOr<size_t> count = Await([&] { return file->Read(offset, bytes); });
  if (!count.ok()) return count.status();
  return bytes.substr(0, *count);
}

absl::StatusOr<std::string> DiskTestHost::ReadDirect(File* file, uint64_t offset, size_t size) {
  const size_t room = (size + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
  std::vector<char> memory(room + kDirectAlignment);
  const size_t skip =
      (kDirectAlignment - reinterpret_cast<uintptr_t>(memory.data()) % kDirectAlignment) %
      kDirectAlignment;
  const std::span<char> into(memory.data() + skip, room);
  const absl::StatusOr<size_t> count = Await([&] { return file->ReadDirect(offset, into); });
  if (!count.ok()) return count.status();
  return std::string(into.data(), std::min(*count, size));
}

absl::Status DiskTestHost::Sync(File* file) {
  return Await([&] { return file->Sync(); });
}

absl::Status DiskTestHost::SyncDirectory(std::string_view path) {
  return Await([&] { return files()->SyncDirectory(std::string(path)); });
}

absl::Status DiskTestHost::Link(std::string_view from, std::string_view to) {
  return Await([&] { return files()->Link(std::string(from), std::string(to)); });
}

absl::Status DiskTestHost::Unlink(std::string_view path) {
  return Await([&] { return files()->Unlink(std::string(path)); });
}

std::string DiskTestHost::List(std::string_view path) {
  const auto names = Await([&] { return files()->List(std::string(path)); });
  CHECK_OK(names.status());
  return absl::StrJoin(*names, " ");
}

std::string Letters(std::string_view bytes) {
  std::string letters;
  for (size_t at = 0; at < bytes.size(); at += SectorStore::kSectorSize) {
    const std::string_view sector = bytes.substr(at, SectorStore::kSectorSize);
    const bool whole = sector.find_first_not_of(sector[0]) == std::string_view::npos;
    letters += whole ? (sector[0] == '\0' ? '-' : sector[0]) : '!';
  }
  return letters;
}

std::string Sectors(std::string_view letters) {
  std::string bytes;
  for (const char letter : letters) bytes.append(SectorStore::kSectorSize, letter);
  return bytes;
}

void DiskTestWorld::FaultAt(const DiskTestHost* host, DiskOperation operation, uint64_t nth,
                            DiskVerdict verdict) {
  const ProcessId process = host->process()->id();
  disk.SetHook([=](const DiskSite& site) {
    const bool hit = site.process == process && site.operation == operation && site.of_kind == nth;
    return hit ? verdict : DiskVerdict();
  });
}

void DiskTestWorld::FaultNext(const DiskTestHost* host, DiskOperation operation,
                              DiskVerdict verdict) {
  const ProcessId process = host->process()->id();
  disk.SetHook([=, hit = false](const DiskSite& site) mutable {
    if (hit || site.process != process || site.operation != operation) return DiskVerdict();
    hit = true;
    return verdict;
  });
}

std::string Found(DiskTestWorld& world, std::string_view path) {
  DiskTestHost* reader = world.Spawn("reader");
  const absl::StatusOr<File*> file = reader->Open(path, OpenMode::kRead);
  if (!file.ok()) return std::string(absl::StatusCodeToString(file.status().code()));
  const absl::StatusOr<std::string> bytes = reader->Read(*file, 0, 1 << 20);
  return bytes.ok() ? *bytes : std::string(absl::StatusCodeToString(bytes.status().code()));
}

File* CreateDurably(DiskTestHost* host, std::string_view path, std::string_view contents) {
  File* file = host->Create(path, contents);
  CHECK_OK(host->Sync(file));
  CHECK_OK(host->SyncDirectory("/"));
  return file;
}

}  // namespace tidelog::sim
