// ConfigReader: a backend's settings out of a Config, none forgotten and none made up.
//
//   ConfigReader reader("memory", config);
//   options.store = reader.Text("store", "");
//   options.bytes_max = reader.Number("bytes_max", 0, {0, kMax});
//   TIDELOG_RETURN_IF_ERROR(reader.Finish());
#ifndef TIDELOG_WALIMPLS_HELPER_CONFIG_READER_H_
#define TIDELOG_WALIMPLS_HELPER_CONFIG_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "wal/types.h"

namespace tidelog::walimpls {

// Thread-compatible.  `config` outlives it.
class ConfigReader {
 public:
  struct Range {
    uint64_t min = 0;
    uint64_t max = 0;
  };

  ConfigReader(std::string_view backend, const Config& config)
      : backend_(backend), config_(config) {}

  // The value of `key`, or `otherwise` if it is not set.
  std::string Text(std::string_view key, std::string_view otherwise);
  // As Text(); the value is decimal and within `range`.
  uint64_t Number(std::string_view key, uint64_t otherwise, Range range);

  // To be called last.  kInvalidArgument: names the first value that was wrong, or a key that
  // nobody asked for and the keys that there are.
  absl::Status Finish() const;

 private:
  const std::string* Find(std::string_view key);

  const std::string backend_;
  const Config& config_;
  absl::btree_set<std::string, std::less<>> known_;
  absl::Status first_error_;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_HELPER_CONFIG_READER_H_
