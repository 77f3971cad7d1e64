// LogImage: the files of a log, as bytes: to be kept, changed, and laid down again on a fresh disk.
#ifndef TIDELOG_IMPLS_FILE_TESTING_LOG_IMAGE_H_
#define TIDELOG_IMPLS_FILE_TESTING_LOG_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// By path below the log's directory: "TIDELOG", "orders/TERM".
using LogImage = absl::btree_map<std::string, std::string>;

// What lies in the directory `dir` of a log, and in the directories of its channels.
LogImage ReadImage(TestRuntime* runtime, FileSystem* files, const std::string& dir);

// Makes `dir`, and in it these files, durable.
void LayDown(TestRuntime* runtime, FileSystem* files, const std::string& dir,
             const LogImage& image);

// A record that a log holds.
struct StoredRecord {
  uint64_t id = 0;
  uint64_t tick = 0;
  std::string payload;
  friend bool operator==(const StoredRecord&, const StoredRecord&) = default;
};

// An image, and what is known of the log in it, whose channel is "orders".
struct KnownLog {
  LogImage image;
  uint32_t number = 0;                // Of the log, as in its ids.
  std::vector<StoredRecord> records;  // All, also those that no watermark covers.
  uint64_t durable_id = 0;            // Up to here watermarks and seals say that all is durable.
  // Of the unsealed segment: what no watermark covers, and may be dropped if it is damaged; and up
  // to where readers see without the watermark that it carries.
  std::string last_file;
  uint64_t last_group_begin = 0;
  uint64_t last_group_end = 0;
  uint64_t durable_id_without_last = 0;
};

// A log of term 7, second incarnation, with ten records in three segments of 5 KiB: one sealed by
// its owner with an index in it; one that is a recycled file, was sealed in front of a group that
// was not durable, and has an index beside it; and one that is unsealed, with a last group that no
// watermark covers.  `recycled`: that one is a recycled file too.
KnownLog MakeSmallLog(bool recycled);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_LOG_IMAGE_H_
