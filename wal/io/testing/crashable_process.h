// What a process on CrashableFileSystem holds: files, words and watchers.
//
// Members that are not const are guarded by the machine's mutex: whoever has a World& holds it.
#ifndef TIDELOG_WAL_IO_TESTING_CRASHABLE_PROCESS_H_
#define TIDELOG_WAL_IO_TESTING_CRASHABLE_PROCESS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/one_at_a_time.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/io/testing/crashable_machine.h"
#include "wal/io/testing/disk_tree.h"
#include "wal/io/testing/name_table.h"

namespace tidelog {

class CrashableFileSystem::Process final : public FileSystem {
 public:
  explicit Process(Machine* machine) : machine(machine) {}

  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override;
  Future<absl::Status> Link(std::string from, std::string to) override;
  Future<absl::Status> Unlink(std::string path) override;
  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override;
  Future<absl::Status> CreateDirectory(std::string path) override;
  Future<absl::Status> SyncDirectory(std::string path) override;
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override;

  Machine* const machine;
  bool alive = true;
  std::vector<OpenFile*> files;
  std::vector<Word*> words;
};

class CrashableFileSystem::OpenFile final : public File {
 public:
  using World = Machine::World;
  using Outcome = Machine::Outcome;

  // Counts itself among the openings of `node`.
  OpenFile(World& world, Process* process, std::string path, NodeId node, NodeId directory,
           bool writable);
  ~OpenFile() override;

  const std::string& path() const override { return path_; }
  Future<absl::StatusOr<size_t>> Read(uint64_t offset, std::span<char> into) override;
  Future<absl::StatusOr<size_t>> ReadDirect(uint64_t offset, std::span<char> into) override;
  Future<absl::Status> Write(uint64_t offset,
                             std::span<const std::span<const char>> pieces) override;
  Future<absl::Status> Sync() override;
  Future<WriteSyncResult> WriteAndSync(uint64_t offset,
                                       std::span<const std::span<const char>> pieces,
                                       Runtime::Urgency urgency) override;
  // When pages are written back is the machine's choice anyway: see Crash().
  Future<Unit> StartWriteBack(uint64_t, uint64_t) override { return MakeReadyFuture(Unit{}); }
  Future<absl::Status> Allocate(uint64_t size) override;
  Future<absl::Status> Truncate(uint64_t size) override;
  Future<absl::StatusOr<uint64_t>> Size() override;
  Future<absl::StatusOr<std::unique_ptr<MappedWord>>> MapWord(uint64_t offset) override;
  Future<absl::StatusOr<bool>> TryLock() override;
  Future<absl::StatusOr<bool>> IsLocked() override;

  // Gives up what the process holds by it.  Requires: the process is alive.
  void Release(World& world);
  DiskTree::Node& node(World& world) const { return world.tree.node(node_); }
  Future<absl::Status> StartSync(DiskOperation operation);

  Process* const process;
  const bool writable;

 private:
  absl::Status SyncEffect(World& world, Outcome outcome) const;
  absl::Status WriteEffect(World& world, Outcome outcome, uint64_t offset,
                           std::span<const std::span<const char>> pieces) const;
  Machine* machine() const { return process->machine; }

  const std::string path_;
  const NodeId node_;
  OneAtATime syncing_;
  const NodeId directory_;  // Where it was opened: whose watchers are told.
};

class CrashableFileSystem::Word final : public MappedWord {
 public:
  using World = Machine::World;

  Word(OpenFile* file, uint64_t offset);  // Under the machine's mutex.
  ~Word() override;

  uint64_t Load() const override;
  bool CompareExchange(uint64_t& expected, uint64_t desired) override;
  Future<absl::Status> Sync() override;

  // Makes it a private copy: its process has crashed.
  void Detach(World& world);

 private:
  uint64_t LoadLocked(World& world) const;

  OpenFile* const file_;
  Process* const process_;
  const uint64_t offset_;
  std::optional<uint64_t> copy_;  // Of a dead process.
};

class CrashableFileSystem::Watcher final : public DirectoryWatcher {
 public:
  using World = Machine::World;

  Watcher(World& world, Process* process, NodeId directory);
  ~Watcher() override;

  Future<absl::Status> Next() override;
  void Stop() override;

  void Notify(World& world);
  // Every Next() yields `status` from now on.
  void End(World& world, absl::Status status);

  Process* const process;
  const NodeId directory;

 private:
  bool changed_ = false;
  absl::Status ended_;
  std::optional<Promise<absl::Status>> waiting_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_CRASHABLE_PROCESS_H_
