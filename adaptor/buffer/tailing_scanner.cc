#include "adaptor/buffer/tailing_scanner.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/message/message.h"
#include "wal/status.h"

namespace tidelog::adaptor {

using walimpls::RawBatch;
using walimpls::ScannerImpls;
using walimpls::ScanOptions;

Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> OpenScanner(walimpls::RoWalImpls* backend,
                                                                  WriteAheadBuffer* buffer,
                                                                  ScanOptions options) {
  if (buffer == nullptr) return backend->Read(std::move(options));
  return TailingScanner::Open(backend, buffer, std::move(options));
}

TailingScanner::TailingScanner(walimpls::RoWalImpls* backend, WriteAheadBuffer* buffer,
                               ScanOptions options)
    : backend_(backend), buffer_(buffer), options_(std::move(options)) {}

Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> TailingScanner::Open(
    walimpls::RoWalImpls* backend, WriteAheadBuffer* buffer, ScanOptions options) {
  auto scanner = std::make_unique<TailingScanner>(backend, buffer, std::move(options));
  scanner->LookInBuffer();
  if (!scanner->place_) {
    absl::Status opened = co_await scanner->OpenBackend();
    if (!opened.ok()) co_return opened;
  }
  co_return std::unique_ptr<ScannerImpls>(std::move(scanner));
}

absl::Status TailingScanner::ClosedError() const {
  return WalError(
      WalErrorCode::kOnShutdown,
      absl::StrCat("scan \"", options_.name, "\" of ", backend_->channel().name, ": it is closed"));
}

void TailingScanner::LookInBuffer() {
  if (const auto* after = std::get_if<walimpls::ScanAfter>(&options_.from)) {
    place_ = buffer_->PlaceBehind(after->id);
    read_ = after->id;
  } else if (const auto* from = std::get_if<walimpls::ScanFrom>(&options_.from)) {
    place_ = buffer_->PlaceAt(from->id);
  }
  if (MutantIs(Mutant::kChangeOverSkipsOne) && place_ && *place_ < buffer_->end()) ++*place_;
}

Future<absl::StatusOr<RawBatch>> TailingScanner::Next(RawBatch reuse) {
  const std::optional<Gate::Pass> pass = gate_.TryEnter();
  if (!pass) co_return ClosedError();
  RawBatch batch = std::move(reuse);
  batch.messages.clear();  // A reader that waits keeps nothing.
  batch.gap.reset();
  batch.end = false;
  while (!gate_.closed()) {
    if (place_ && !buffer_->Holds(*place_)) FallBack();
    if (place_) {
      if (Fill(&batch)) co_return batch;
      co_await buffer_->WhenMore(&waiter_);
    } else if (scanner_ == nullptr) {
      absl::Status opened = co_await OpenBackend();
      if (!opened.ok()) co_return opened;
    } else {
      absl::StatusOr<RawBatch> next = co_await scanner_->Next(std::move(batch));
      if (gate_.closed()) break;
      if (next.ok()) NoteRead(*next);
      co_return next;
    }
  }
  co_return ClosedError();
}

bool TailingScanner::Fill(RawBatch* batch) {
  if (options_.until && read_.has_value() && !BeforeWithinLog(read_, *options_.until)) {
    batch->end = true;
    return true;
  }
  while (batch->messages.empty()) {
    buffer_->Read(&*place_, options_.read_ahead_count_max, options_.read_ahead_bytes_max,
                  &batch->messages);
    if (batch->messages.empty()) return false;
    DropWhatWasRead(batch);
  }
  read_ = batch->messages.back().id();
  options_.from = walimpls::ScanAfter{read_};
  if (options_.until) StopAtEnd(batch);
  ++buffer_->counts().batches;
  return true;
}

// The backend may have yielded what is durable before it was acknowledged here and pushed.
void TailingScanner::DropWhatWasRead(RawBatch* batch) const {
  if (!read_.has_value()) return;
  std::vector<ImmutableMessage>& messages = batch->messages;
  const auto wanted = std::find_if(
      messages.begin(), messages.end(),
      [this](const ImmutableMessage& message) { return BeforeWithinLog(read_, message.id()); });
  messages.erase(messages.begin(), wanted);
}

void TailingScanner::StopAtEnd(RawBatch* batch) const {
  std::vector<ImmutableMessage>& messages = batch->messages;
  batch->end = !BeforeWithinLog(messages.back().id(), *options_.until);
  while (!messages.empty() && BeforeWithinLog(*options_.until, messages.back().id())) {
    messages.pop_back();
  }
}

void TailingScanner::FallBack() {
  if (MutantIs(Mutant::kEvictionSkipsReader) && buffer_->Holds(buffer_->first())) {
    place_ = buffer_->first();
    return;
  }
  if (*place_ < buffer_->first()) ++buffer_->counts().left_behind;
  place_.reset();
}

Future<absl::Status> TailingScanner::OpenBackend() {
  ScanOptions options = options_;
  absl::StatusOr<std::unique_ptr<ScannerImpls>> opened =
      co_await backend_->Read(std::move(options));
  if (!opened.ok()) co_return opened.status();
  if (gate_.closed()) {
    (void)co_await (*opened)->Close();
    co_return ClosedError();
  }
  scanner_ = *std::move(opened);
  co_return absl::OkStatus();
}

void TailingScanner::NoteRead(const RawBatch& batch) {
  if (!batch.messages.empty()) read_ = batch.messages.back().id();
  if (batch.gap && (!read_.has_value() || BeforeWithinLog(read_, batch.gap->last))) {
    read_ = batch.gap->last;
  }
  if (read_.has_value()) options_.from = walimpls::ScanAfter{read_};
  // One at a time, so that a backend that does not close them gathers none.
  if (batch.end || closing_one_) return;
  LookInBuffer();
  if (!place_) return;
  ++buffer_->counts().entered;
  CloseInBackground(std::move(scanner_));
}

// The reader does not wait for it: a backend that is slow to close would be slow to read.
Detached TailingScanner::CloseInBackground(std::unique_ptr<ScannerImpls> scanner) {
  const std::optional<Gate::Pass> pass = gate_.TryEnter();
  CHECK(pass.has_value());
  closing_one_ = true;
  (void)co_await scanner->Close();
  scanner.reset();
  closing_one_ = false;
}

Future<absl::Status> TailingScanner::Close() {
  Future<Unit> left = gate_.Close();
  buffer_->StopWaiting(&waiter_);
  // Held by this frame: whoever waits for the same end may destroy the rest.
  const std::unique_ptr<ScannerImpls> scanner = std::move(scanner_);
  if (scanner != nullptr) {
    (void)co_await scanner->Close();  // Which ends a Next() in flight.
  }
  co_await std::move(left);
  co_return absl::OkStatus();
}

}  // namespace tidelog::adaptor
