// Any bytes: a segment header or a manifest is refused, or it is what its bytes say and nothing
// else.  Each input is tried as it is, and again with its checksum put right, since no fuzzer finds
// that by itself.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/little_endian.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "wal/status.h"

namespace tidelog::impls::file {
namespace {

bool IsRefusal(const absl::Status& status) {
  const WalErrorCode code = GetWalErrorCode(status);
  return code == WalErrorCode::kCorrupt || code == WalErrorCode::kInner;
}

void TryHeader(const std::string& block) {
  const absl::StatusOr<SegmentHeader> header = DecodeSegmentHeader(block);
  if (!header.ok()) {
    CHECK(IsRefusal(header.status())) << header.status();
    return;
  }
  CHECK(DecodeSegmentHeader(EncodeSegmentHeader(*header)).value() == *header);
}

void TryManifest(const std::string& bytes) {
  const absl::StatusOr<Manifest> manifest = DecodeManifest(bytes);
  if (!manifest.ok()) {
    CHECK(IsRefusal(manifest.status())) << manifest.status();
    return;
  }
  CHECK(DecodeManifest(EncodeManifest(*manifest)).value() == *manifest);
  const absl::Status checked = CheckManifest(*manifest);
  CHECK(checked.ok() || GetWalErrorCode(checked) == WalErrorCode::kCorrupt) << checked;
}

void Fuzz(std::string bytes) {
  TryManifest(bytes);
  if (bytes.size() >= 24) {
    StoreLittleEndian<uint32_t>(bytes.data() + 12, static_cast<uint32_t>(bytes.size() - 24));
    const std::string covered = bytes.substr(0, 16) + bytes.substr(24);
    StoreLittleEndian<uint32_t>(bytes.data() + 16,
                                static_cast<uint32_t>(absl::ComputeCrc32c(covered)));
    TryManifest(bytes);
  }
  bytes.resize(kSegmentHeaderSize);
  TryHeader(bytes);
  const std::string covered = bytes.substr(0, 12) + bytes.substr(16);
  StoreLittleEndian<uint32_t>(bytes.data() + 12,
                              static_cast<uint32_t>(absl::ComputeCrc32c(covered)));
  TryHeader(bytes);
}

}  // namespace
}  // namespace tidelog::impls::file

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidelog::impls::file::Fuzz(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
