#include "tools/harness/tracer/file_kind.h"

#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "impls/file/names.h"

namespace tidelog::harness {
namespace {

using impls::file::ManifestName;
using impls::file::PrivateName;
using impls::file::SegmentName;

// Of a file in a channel's directory.
std::string_view ChannelFileKind(std::string_view name) {
  if (name == impls::file::kTermName) return "TERM";
  if (name == impls::file::kLockName) return "LOCK";
  if (SegmentName::Parse(name).has_value()) return "segment";
  if (SegmentName::ParseIndex(name).has_value()) return "index";
  if (ManifestName::Parse(name).has_value()) return "manifest";
  if (PrivateName::Parse(name).has_value()) return "private";
  return "other";
}

}  // namespace

std::string_view FileKind(std::string_view log, std::string_view path) {
  path = absl::StripSuffix(path, " (deleted)");  // As /proc shows a file that lost its name.
  if (!absl::ConsumePrefix(&path, log)) return "";
  if (path.empty()) return "directory";
  if (!absl::ConsumePrefix(&path, "/")) return "";
  const size_t slash = path.find('/');
  if (slash != std::string_view::npos) return ChannelFileKind(path.substr(slash + 1));
  if (path == impls::file::kMarkerName) return "marker";
  if (absl::StartsWith(path, ".")) return "private-marker";
  return "channel";
}

}  // namespace tidelog::harness
