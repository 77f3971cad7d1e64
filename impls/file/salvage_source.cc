#include "impls/file/salvage_source.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "wal/base/status_macros.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kChunkBytes = 1u << 20;

}  // namespace

Future<absl::StatusOr<SalvageSource>> OpenSalvageSource(FileSystem* files, std::string path) {
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files->Open(std::move(path), OpenMode::kRead);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  absl::StatusOr<uint64_t> size = co_await (*file)->Size();
  TIDELOG_CO_RETURN_IF_ERROR(size.status());
  SalvageSource source;
  source.file = *std::move(file);
  source.size = *size;
  co_return source;
}

Future<absl::Status> FeedNext(SalvageSource* source, SegmentSalvage* salvage) {
  const SegmentSalvage::Want want = salvage->want();
  // No memory for what the file does not have, whatever a frame says of its size.
  const uint64_t rest = source->size - std::min(source->size, want.offset);
  const uint64_t size = std::min(std::max(want.size, kChunkBytes), rest);
  if (source->buffer.size() < size) source->buffer.resize(size);
  const std::span<char> into(source->buffer.data(), size);
  absl::StatusOr<size_t> read = co_await source->file->Read(want.offset, into);
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  salvage->Feed(want.offset, std::string_view(source->buffer.data(), *read));
  co_return absl::OkStatus();
}

}  // namespace tidelog::impls::file
