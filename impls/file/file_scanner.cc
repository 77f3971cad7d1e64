#include "impls/file/file_scanner.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/message/message_id.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

absl::StatusOr<uint64_t> NumberOf(const LogView& view, const MessageId& id) {
  if (id.has_value() && id.origin() == view.origin) return id.ToNumber();
  return WalError(WalErrorCode::kWalNameMismatch,
                  absl::StrCat("scan channel ", view.manifest->channel, " from ", id.ToString(),
                               ": that is no id of this log"));
}

absl::Status PositionGone(const LogView& view, std::string_view what) {
  const Manifest& manifest = *view.manifest;
  std::optional<Position> oldest;
  if (manifest.mark.tick != 0) {
    oldest = Position{view.IdOf(manifest.mark.id), TimeTick{manifest.mark.tick}};
  }
  return PositionGoneError(
      absl::StrCat("scan channel ", manifest.channel, " from ", what, " are truncated"), oldest);
}

absl::StatusOr<uint64_t> FirstId(const LogView& view, const walimpls::ScanStart& start,
                                 uint64_t latest) {
  if (const auto* from = std::get_if<walimpls::ScanFrom>(&start)) return NumberOf(view, from->id);
  if (const auto* after = std::get_if<walimpls::ScanAfter>(&start)) {
    TIDELOG_ASSIGN_OR_RETURN(const uint64_t id, NumberOf(view, after->id));
    return id + 1;
  }
  if (std::holds_alternative<walimpls::ScanLatest>(start)) return latest + 1;
  const std::optional<TimeTick> behind = std::get<walimpls::ScanEarliest>(start).behind;
  const uint64_t mark = view.manifest->mark.tick;
  if (behind && ToInt(*behind) < mark) {
    return PositionGone(view, absl::StrCat("its beginning: messages up to tick ", mark));
  }
  return view.manifest->segments.front().base_id;
}

}  // namespace

absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> MakeScanner(
    std::shared_ptr<LogView> view, walimpls::LogLifetime* lifetime,
    const walimpls::ScanOptions& options, uint64_t latest) {
  const Manifest& manifest = *view->manifest;
  TIDELOG_ASSIGN_OR_RETURN(const uint64_t first_id, FirstId(*view, options.from, latest));
  ScanPump::Setup setup;
  setup.lifetime = lifetime;
  setup.first_id = first_id;
  if (options.until.has_value()) {
    TIDELOG_ASSIGN_OR_RETURN(const uint64_t until, NumberOf(*view, *options.until));
    setup.until = until;
  }
  if (first_id < manifest.segments.front().base_id) {
    return PositionGone(
        *view, absl::StrCat("id ", first_id, ": ids below ", manifest.segments.front().base_id));
  }
  setup.on_corrupt = options.on_corrupt;
  setup.bytes_max =
      std::max<size_t>(1, std::min(options.read_ahead_bytes_max, view->read_ahead_bytes));
  setup.count_max = std::max<size_t>(1, options.read_ahead_count_max);
  setup.view = std::move(view);
  return std::make_unique<FileScanner>(lifetime, options.name,
                                       std::make_shared<ScanPump>(std::move(setup)));
}

}  // namespace tidelog::impls::file
