// TailingScanner: one scan of a log that is open for writing, out of its write-ahead buffer as long
// as that holds what comes next, and out of the backend else (F3).
#ifndef TIDELOG_ADAPTOR_BUFFER_TAILING_SCANNER_H_
#define TIDELOG_ADAPTOR_BUFFER_TAILING_SCANNER_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/async/detached.h"
#include "adaptor/buffer/write_ahead_buffer.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "wal/message/message_id.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Opens a scan of `backend`, out of `buffer` too unless that is null.  What both have in common is
// delivered alike, whichever it comes from.  Both outlive the scanner.  Errors: as
// RoWalImpls::Read().
Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> OpenScanner(
    walimpls::RoWalImpls* backend, WriteAheadBuffer* buffer, walimpls::ScanOptions options);

// As ScannerImpls.  The backend's scanner is closed while the buffer is read, so that a reader at
// the tail holds no descriptor and reads nothing ahead; it costs nothing until it is woken.
//
// INVARIANT (F2): `options_.from` is behind the last record that was yielded, and so is `place_`;
// either is where the scan goes on.
class TailingScanner final : public walimpls::ScannerImpls {
 public:
  // Not open: use OpenScanner().
  TailingScanner(walimpls::RoWalImpls* backend, WriteAheadBuffer* buffer,
                 walimpls::ScanOptions options);
  // As OpenScanner().
  static Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Open(
      walimpls::RoWalImpls* backend, WriteAheadBuffer* buffer, walimpls::ScanOptions options);
  TailingScanner(const TailingScanner&) = delete;
  TailingScanner& operator=(const TailingScanner&) = delete;
  ~TailingScanner() override = default;

  Future<absl::StatusOr<walimpls::RawBatch>> Next(walimpls::RawBatch reuse) override;
  Future<absl::Status> Close() override;

 private:
  // Sets `place_` if what comes next is in the buffer.
  void LookInBuffer();
  // What there is in the buffer now; false: nothing.
  bool Fill(walimpls::RawBatch* batch);
  void DropWhatWasRead(walimpls::RawBatch* batch) const;
  void StopAtEnd(walimpls::RawBatch* batch) const;
  // The buffer has lost the place.
  void FallBack();

  Future<absl::Status> OpenBackend();
  // The backend's scanner has yielded this: the buffer may have what follows.
  void NoteRead(const walimpls::RawBatch& batch);
  Detached CloseInBackground(std::unique_ptr<walimpls::ScannerImpls> scanner);
  absl::Status ClosedError() const;

  walimpls::RoWalImpls* const backend_;
  WriteAheadBuffer* const buffer_;
  walimpls::ScanOptions options_;
  MessageId read_;  // Nothing up to it is yielded any more; none: not known.
  std::optional<WriteAheadBuffer::Place> place_;     // Reading the buffer, from there on.
  std::unique_ptr<walimpls::ScannerImpls> scanner_;  // Reading the backend.
  bool closing_one_ = false;                         // A scanner that is not needed any more.
  WriteAheadBuffer::Waiter waiter_;
  Gate gate_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_BUFFER_TAILING_SCANNER_H_
