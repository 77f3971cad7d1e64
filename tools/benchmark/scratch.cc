#include "tools/benchmark/scratch.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {

Scratch::~Scratch() {
  if (subject_ == nullptr) return;  // Moved from.
  if (open_) (void)Close();         // An error came before, and is told.
  std::error_code ignored;          // Whoever made the parent removes it.
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

absl::Status Scratch::Open(const std::string& parent) {
  directory_ = absl::StrCat(parent, "/", subject_->facts().name);
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("mkdir ", directory_));
  open_ = true;  // What is opened in part must be closed too.
  return subject_->Open(directory_);
}

absl::Status Scratch::Close() {
  open_ = false;
  return subject_->Close();
}

}  // namespace tidelog::benchmark
