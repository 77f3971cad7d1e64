// Input: what `append` reads, one message at a time, in bounded memory.
#ifndef TIDELOG_TOOLS_WALCTL_INPUT_H_
#define TIDELOG_TOOLS_WALCTL_INPUT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/walctl/message_json.h"

namespace tidelog::walctl {

enum class InputMode {
  kLines,       // Each line is a payload, without its newline.
  kWholeFiles,  // Each file is a payload.
  kNdjson,      // Each line is a JSON object (message_json.h).
};

// Reads files, or standard input if there are none ("-" names it too), in order.
class Input {
 public:
  // A payload longer than `payload_max` ends the reading with an error.
  Input(InputMode mode, std::vector<std::string> files, size_t payload_max);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  // The next message; none at the end.  A signal that interrupts waiting for input is looked at
  // through `interrupted`, and reads as the end. kInvalidArgument, kTooLarge, kInner: names the
  // file and the line.
  absl::StatusOr<std::optional<MessageParts>> Next(const std::atomic<bool>& interrupted);

  // False if Next() might wait for a terminal or a pipe.
  bool ReadyNow() const;

  // "FILE:LINE" of what Next() yielded last.
  std::string Where() const;

 private:
  enum class Fill { kMore, kEnd, kInterrupted };
  absl::Status OpenNext();
  void WaitForInput() const;
  absl::StatusOr<Fill> ReadMore(const std::atomic<bool>& interrupted);
  absl::StatusOr<std::optional<std::string>> NextPiece(const std::atomic<bool>& interrupted);
  void CloseFile();

  const InputMode mode_;
  const std::vector<std::string> files_;
  const size_t payload_max_;
  size_t next_file_ = 0;
  std::string name_;
  int descriptor_ = -1;
  uint64_t line_ = 0;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // Of what was read and not yet yielded.
};

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_INPUT_H_
