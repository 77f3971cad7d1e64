#include "tools/walctl/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/walctl/interrupt.h"
#include "wal/status.h"

namespace tidelog::walctl {
namespace {

constexpr size_t kReadSize = 256 << 10;

}  // namespace

Input::Input(InputMode mode, std::vector<std::string> files, size_t payload_max)
    : mode_(mode),
      files_(files.empty() ? std::vector<std::string>{"-"} : std::move(files)),
      payload_max_(payload_max) {}

Input::~Input() { CloseFile(); }

void Input::CloseFile() {
  if (descriptor_ > STDIN_FILENO) close(descriptor_);
  descriptor_ = -1;
  begin_ = end_ = 0;
}

std::string Input::Where() const {
  return mode_ == InputMode::kWholeFiles ? name_ : absl::StrCat(name_, ":", line_);
}

bool Input::ReadyNow() const {
  if (descriptor_ < 0) return true;
  if (std::memchr(buffer_.data() + begin_, '\n', end_ - begin_) != nullptr) return true;
  pollfd poller{descriptor_, POLLIN, 0};
  return poll(&poller, 1, 0) > 0;
}

absl::Status Input::OpenNext() {
  const std::string& file = files_[next_file_++];
  line_ = 0;
  if (file == "-") {
    name_ = "standard input";
    descriptor_ = STDIN_FILENO;
    return absl::OkStatus();
  }
  name_ = file;
  descriptor_ = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  int error = errno;
  if (descriptor_ >= 0) {
    struct stat what = {};
    if (fstat(descriptor_, &what) != 0 || !S_ISDIR(what.st_mode)) return absl::OkStatus();
    error = EISDIR;
  }
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("cannot read ", file, ": ", std::strerror(error)));
}

// Until there is something to read, or an interrupt.
void Input::WaitForInput() const {
  pollfd pollers[] = {{descriptor_, POLLIN, 0}, {InterruptDescriptor(), POLLIN, 0}};
  (void)poll(pollers, std::size(pollers), -1);
}

// Reads once into the room behind what is buffered.
absl::StatusOr<Input::Fill> Input::ReadMore(const std::atomic<bool>& interrupted) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadSize) buffer_.resize(end_ + 2 * kReadSize);
  while (true) {
    WaitForInput();
    if (interrupted) return Fill::kInterrupted;
    const ssize_t got = read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
    if (got > 0) {
      end_ += static_cast<size_t>(got);
      return Fill::kMore;
    }
    if (got == 0) return Fill::kEnd;
    if (errno != EINTR) {
      return WalError(WalErrorCode::kInner,
                      absl::StrCat("cannot read ", name_, ": ", std::strerror(errno)));
    }
  }
}

// The next line or file; none at the end of all of them.
absl::StatusOr<std::optional<std::string>> Input::NextPiece(const std::atomic<bool>& interrupted) {
  size_t searched = 0;
  while (true) {
    if (descriptor_ < 0) {
      if (interrupted || next_file_ == files_.size()) return std::nullopt;
      absl::Status opened = OpenNext();
      if (!opened.ok()) return opened;
      searched = 0;
    }
    if (mode_ != InputMode::kWholeFiles) {
      const char* start = buffer_.data() + begin_;
      const size_t size = end_ - begin_;
      const void* newline =
          size > searched ? std::memchr(start + searched, '\n', size - searched) : nullptr;
      if (newline != nullptr) {
        const size_t length = static_cast<size_t>(static_cast<const char*>(newline) - start);
        ++line_;
        begin_ += length + 1;
        return std::string(start, length);
      }
      searched = size;
    }
    if (end_ - begin_ > payload_max_ && mode_ != InputMode::kNdjson) {
      ++line_;
      return WalError(WalErrorCode::kTooLarge,
                      absl::StrCat(Where(), " is longer than the ", payload_max_,
                                   " bytes that a message of this log may hold"));
    }
    absl::StatusOr<Fill> fill = ReadMore(interrupted);
    if (!fill.ok()) return fill.status();
    if (*fill == Fill::kInterrupted) return std::nullopt;
    if (*fill == Fill::kMore) continue;
    std::string rest(buffer_.data() + begin_, end_ - begin_);
    CloseFile();
    if (!rest.empty() || mode_ == InputMode::kWholeFiles) {
      ++line_;
      return rest;
    }
  }
}

absl::StatusOr<std::optional<MessageParts>> Input::Next(const std::atomic<bool>& interrupted) {
  absl::StatusOr<std::optional<std::string>> piece = NextPiece(interrupted);
  if (!piece.ok()) return piece.status();
  if (!piece->has_value()) return std::nullopt;
  if (mode_ == InputMode::kNdjson) {
    absl::StatusOr<MessageParts> parts = MessagePartsFromJson(**piece);
    if (!parts.ok()) return WalErrorFrom(WalErrorCode::kInvalidArgument, Where(), parts.status());
    return *std::move(parts);
  }
  MessageParts parts;
  parts.payload = *std::move(*piece);
  return parts;
}

}  // namespace tidelog::walctl
