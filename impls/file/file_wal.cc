#include "impls/file/file_wal.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "impls/file/file_scanner.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/helper/group_check.h"

namespace tidelog::impls::file {

namespace {

constexpr size_t kGroupBytesMax = 64u << 20;
constexpr size_t kGroupCountMax = 1u << 16;

}  // namespace

walimpls::Traits TraitsOf(const FileOptions& options) {
  walimpls::Traits traits;
  traits.kind = LogKind::kFile;
  traits.message_bytes_max = options.message_bytes_max;
  traits.group_bytes_max = std::max(kGroupBytesMax, options.message_bytes_max);
  traits.group_count_max = kGroupCountMax;
  traits.property_count_max = static_cast<int>(kPropertyCountMax);
  traits.durable_on_ack = options.sync == FileOptions::Sync::kAlways;
  return traits;
}

FileWal::FileWal(Setup setup)
    : channel_(setup.channel),
      traits_(TraitsOf(setup.options)),
      view_(setup.owned.view),
      term_(std::move(setup.owned.term)),
      chain_(std::move(setup.owned.chain)),
      newest_time_tick_(setup.owned.newest_time_tick),
      lock_(std::move(setup.lock)),
      lifetime_(setup.channel),
      follower_(view_, &lifetime_),
      writer_(WriterSetup(setup)) {
  if (setup.owned.boundary.last_id != 0) boundary_ = view_->IdOf(setup.owned.boundary.last_id);
}

LogWriter::Setup FileWal::WriterSetup(Setup& setup) {
  LogWriter::Setup writer;
  writer.channel = setup.channel;
  writer.strand = setup.strand;
  writer.observer = setup.observer;
  writer.options = setup.options;
  writer.view = view_;
  writer.term = term_.get();
  writer.chain = chain_.get();
  writer.boundary = setup.owned.boundary;
  writer.tail = setup.owned.tail;
  // Scanners go on from storage, into the new term.
  writer.on_fenced = [this] {
    if (lifetime_.scanner_count() > 0) follower_.Start();
  };
  return writer;
}

Future<absl::StatusOr<walimpls::LogState>> FileWal::Info() {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  if (!pass.has_value()) co_return lifetime_.ClosedError("look at");
  absl::Status settled = co_await writer_.SettleMark();
  TIDELOG_CO_RETURN_IF_ERROR(settled);
  walimpls::LogState state;
  const std::shared_ptr<const Manifest> manifest = view_->manifest;
  const TruncationMark& mark = writer_.mark();
  if (mark.tick != 0) {
    state.truncated = Position{view_->IdOf(mark.id), TimeTick{mark.tick}};
  }
  state.tail = writer_.tail();
  state.tail_is_cut = writer_.tail_is_cut();
  if (writer_.durable().last_id != 0) state.tail_id = view_->IdOf(writer_.durable().last_id);
  if (state.tail.has_value()) state.newest_tick = state.tail->time_tick;
  state.newest_term = channel_.term;
  state.holder = LogInfo::Holder::kLive;
  state.details["segments"] = absl::StrCat(manifest->segments.size());
  state.details["directory"] = view_->directory;
  state.details["manifest"] = manifest->name.FileName();
  TIDELOG_CO_RETURN_IF_ERROR(writer_.CheckFence());
  co_return state;
}

Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> FileWal::Read(
    walimpls::ScanOptions options) {
  if (lifetime_.closing()) co_return lifetime_.ClosedError("read");
  if (!view_->owned) follower_.Start();
  co_return MakeScanner(view_, &lifetime_, options, writer_.durable().last_id);
}

Future<absl::StatusOr<walimpls::Ids>> FileWal::Append(walimpls::Group group) {
  walimpls::CheckGroup(traits_, group);
  return writer_.Append(group);
}

Future<absl::Status> FileWal::Truncate(Position mark) {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  if (!pass.has_value()) co_return lifetime_.ClosedError("truncate");
  const MessageId& id = mark.last_confirmed;
  if (!id.has_value() || id.origin() != view_->origin) {
    co_return WalError(WalErrorCode::kWalNameMismatch,
                       absl::StrCat("truncate ", ToString(channel_), " to ", mark.ToString(),
                                    ": that is no position of this log"));
  }
  const absl::StatusOr<uint64_t> number = id.ToNumber();
  TIDELOG_CO_RETURN_IF_ERROR(number.status());
  const TruncationMark to{*number, ToInt(mark.time_tick)};
  absl::Status truncated = co_await writer_.Truncate(to);
  co_return truncated;
}

Future<absl::Status> FileWal::Close(walimpls::CloseMode mode) {
  if (close_begun_) {
    while (!closed_.has_value()) co_await close_done_.Wait();
    co_return *closed_;
  }
  close_begun_ = true;
  follower_.Stop();
  Future<Unit> scanners_closed = lifetime_.Close();
  absl::Status status = co_await writer_.Close(mode);
  co_await std::move(scanners_closed);
  lock_.reset();
  closed_ = status;
  close_done_.Close();
  co_return status;
}

}  // namespace tidelog::impls::file
