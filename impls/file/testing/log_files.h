// LogFiles: the files of a channel, laid down one by one, for tests of what reads them.
//
//   LogFiles log(&runtime);
//   log.Publish();                                // Two segments, the first sealed, of term 7.
//   log.Damage(log.sealed_name(), offset);
#ifndef TIDELOG_IMPLS_FILE_TESTING_LOG_FILES_H_
#define TIDELOG_IMPLS_FILE_TESTING_LOG_FILES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "impls/file/manifest.h"
#include "impls/file/term_word.h"
#include "impls/file/testing/segment_builder.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"

namespace tidelog::impls::file {

// A log in "log", with the channel "orders": ids 101 to 110 in a sealed segment with an index, five
// groups of two records, then 111 to 115 in an unsealed one, five groups.
class LogFiles {
 public:
  // `capacity` is that of the unsealed segment.
  explicit LogFiles(TestRuntime* runtime, uint64_t capacity = 8192);

  FileSystem* files() { return files_; }
  uint64_t operation_count() const { return disk_.operation_count(); }

  // Writes TERM, LOCK, the marker, the manifest and both segments as they are described now.
  void Publish();

  // What Publish() writes; change it first, or change the files afterwards.
  TermWord owner{Term{7}, 1, false};
  bool published = true;  // TERM remembers that there was a manifest.
  Manifest manifest;
  SegmentBuilder sealed;
  SegmentBuilder unsealed;

  std::string sealed_name() const { return manifest.segments[0].name.FileName(); }
  std::string unsealed_name() const { return manifest.segments[1].name.FileName(); }

  // Replaces a file of the channel, or of the log.
  void Put(std::string_view name, std::string bytes);
  void PutInLog(std::string_view name, std::string bytes);
  std::string Get(std::string_view name);
  void Remove(std::string_view name);
  // Flips a bit of a byte.
  void Damage(std::string_view name, uint64_t offset);
  // Takes the lock, as a live owner does.
  void HoldLock();

  // A record of term 7 that fits the builder's ticks.
  static std::string Record(uint64_t id);

 private:
  void PutAt(std::string path, std::string bytes);

  TestRuntime* const runtime_;
  CrashableFileSystem disk_;
  FileSystem* const files_;
  std::unique_ptr<File> lock_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_LOG_FILES_H_
