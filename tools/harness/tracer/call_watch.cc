#include "tools/harness/tracer/call_watch.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/harness/tracer/file_kind.h"
#include "wal/base/status_macros.h"

namespace tidelog::harness {
namespace {

bool MayCreate(const CallStop& stop) {
  return stop.number == SYS_openat && (stop.arguments[2] & O_CREAT) != 0;
}

}  // namespace

absl::StatusOr<std::optional<CallKind>> CallWatch::OnEntered(const CallStop& stop) {
  const SystemCall* call = FindSystemCall(stop.number);
  if (call == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("system call ", stop.number,
                     " is not in the table: say in tools/harness/tracer/system_calls.cc how it "
                     "names its file"));
  }
  if (call->operand == Operand::kHidden) {
    return absl::UnimplementedError(absl::StrCat(
        call->name, " does not say which files it works on, and so nobody can stop there"));
  }
  TIDELOG_ASSIGN_OR_RETURN(const std::string file, FileOf(*call, stop));
  if (file.empty()) return std::nullopt;
  CallKind kind{absl::StrCat(call->name, MayCreate(stop) ? ":create" : ""), file};
  ++counts_[kind];
  return kind;
}

void CallWatch::OnLeft(const CallStop& stop) {
  const auto failed = [&stop] { return stop.result < 0 && stop.result > -4096; };
  if (stop.number == SYS_mmap && !failed()) {
    const auto address = static_cast<uint64_t>(stop.result);
    std::string file = DescriptorFile(stop.arguments[4]);
    mappings_.erase(address);
    if (!file.empty()) mappings_[address] = Mapping{address + stop.arguments[1], std::move(file)};
  }
  if (stop.number == SYS_munmap) mappings_.erase(stop.arguments[0]);
}

absl::StatusOr<std::string> CallWatch::FileOf(const SystemCall& call, const CallStop& stop) const {
  switch (call.operand) {
    case Operand::kDescriptor:
      return DescriptorFile(stop.arguments[0]);
    case Operand::kMappedDescriptor:
      return DescriptorFile(stop.arguments[4]);
    case Operand::kMemory:
      return MappedFile(stop.arguments[0]);
    case Operand::kPath:
      return PathFile(static_cast<uint64_t>(AT_FDCWD), stop.arguments[0]);
    case Operand::kSecondPath:
      return PathFile(static_cast<uint64_t>(AT_FDCWD), stop.arguments[1]);
    case Operand::kPathAt:
      return PathFile(stop.arguments[0], stop.arguments[1]);
    case Operand::kSecondPathAt:
      return PathFile(stop.arguments[2], stop.arguments[3]);
    case Operand::kNoFile:
    case Operand::kHidden:
      break;
  }
  return std::string();
}

std::string CallWatch::DescriptorFile(uint64_t descriptor) const {
  const auto number = static_cast<int>(descriptor);
  if (number < 0) return "";
  return std::string(FileKind(log_, tracee_.ReadLink(absl::StrCat("fd/", number))));
}

absl::StatusOr<std::string> CallWatch::PathFile(uint64_t directory, uint64_t path) const {
  TIDELOG_ASSIGN_OR_RETURN(const std::string text, tracee_.ReadText(path));
  const auto number = static_cast<int>(directory);
  std::string_view own = text;
  if (absl::ConsumePrefix(&own, "/proc/self/")) {  // A file opened again, another way.
    return std::string(FileKind(log_, tracee_.ReadLink(std::string(own))));
  }
  if (text.empty()) return DescriptorFile(directory);
  if (absl::StartsWith(text, "/")) return std::string(FileKind(log_, text));
  const std::string base =
      tracee_.ReadLink(number == AT_FDCWD ? "cwd" : absl::StrCat("fd/", number));
  return std::string(FileKind(log_, absl::StrCat(base, "/", text)));
}

std::string CallWatch::MappedFile(uint64_t address) const {
  auto above = mappings_.upper_bound(address);
  if (above == mappings_.begin()) return "";
  const Mapping& mapping = std::prev(above)->second;
  return address < mapping.end ? mapping.file : "";
}

}  // namespace tidelog::harness
