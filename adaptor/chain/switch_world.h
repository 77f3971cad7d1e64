// SwitchWorld: a log of the adaptor that is switched between fake backends, in virtual time.
#ifndef TIDELOG_ADAPTOR_CHAIN_SWITCH_WORLD_H_
#define TIDELOG_ADAPTOR_CHAIN_SWITCH_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "adaptor/chain/backend_chain.h"
#include "adaptor/chain/places.h"
#include "adaptor/opener_builder.h"
#include "adaptor/testing/log_world.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/backend_switch.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/testing/memory_checkpoint_store.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/opener.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {

class SwitchWorld {
 public:
  explicit SwitchWorld(uint64_t seed = 1, bool has_store = true, Config config = {})
      : runtime_(seed), config_(std::move(config)), builder_(MakeOpenerBuilder(&places_, {})) {
    environment_.runtime = &runtime_;
    environment_.observer = &events_;
    if (has_store) environment_.checkpoints = &store_;
    opener_ = MakeOpener(environment_, config_);
  }
  ~SwitchWorld() {
    store_.Release();
    CloseOpener();
    runtime_.RunUntilIdle();
    CHECK_EQ(runtime_.quarantine().size(), 0u);
  }

  TestRuntime& runtime() { return runtime_; }
  MemoryCheckpointStore& store() { return store_; }
  EventLog& events() { return events_; }
  walimpls::FakeLog& at(const std::string& place) { return places_.log(place); }
  // With a restart, as a reboot.
  void Unmount(const std::string& place) {
    CloseOpener();
    places_.Unmount(place);
    opener_ = MakeOpener(environment_, config_);
  }
  void Mount(const std::string& place) {
    CloseOpener();
    places_.Mount(place);
    opener_ = MakeOpener(environment_, config_);
  }
  BackendChain Chain() { return *DecodeChain(store_.Of("orders").chain, "places"); }

  template <class F>
  auto Run(F make_future) {
    return runtime_.Run(std::move(make_future));
  }
  // As another process would: nothing that was learned by opens before is known.
  void RestartOpener() {
    CloseOpener();
    opener_ = MakeOpener(environment_, config_);
  }
  // Of somebody who does not know of this one.
  void MakeAnotherLogAt(const std::string& place) {
    Environment environment = environment_;
    environment.checkpoints = nullptr;
    const std::unique_ptr<Opener> opener = MakeOpener(environment, {{"at", place}});
    absl::StatusOr<std::unique_ptr<Wal>> wal = Run([&] {
      return opener->Open({"orders", Term{1}});
    });
    CHECK_OK(wal);
    CHECK_OK(Run([&] { return (*wal)->Close(); }));
    CHECK_OK(Run([&] { return opener->Close(); }));
  }

  absl::StatusOr<std::unique_ptr<Wal>> Open(Term term) {
    return Run([&] { return opener_->Open({"orders", term}); });
  }
  Future<absl::StatusOr<std::unique_ptr<Wal>>> StartOpen(Term term) {
    return opener_->Open({"orders", term});
  }
  std::unique_ptr<Wal> MustOpen(Term term) {
    absl::StatusOr<std::unique_ptr<Wal>> wal = Open(term);
    CHECK_OK(wal);
    return *std::move(wal);
  }
  absl::StatusOr<std::unique_ptr<RoWal>> OpenReadOnly() {
    return Run([&] { return opener_->OpenReadOnly({"orders", Term{}}); });
  }
  void Close(std::unique_ptr<Wal>* wal) {
    if (*wal != nullptr) (void)Run([&] { return (*wal)->Close(); });
    wal->reset();
  }

  static MutableMessage AlterWal(std::string_view place) {
    absl::StatusOr<MutableMessage> message = MakeAlterWal({"places", {{"at", std::string(place)}}});
    CHECK_OK(message);
    return *std::move(message);
  }
  absl::StatusOr<AppendResult> Switch(Wal& wal, std::string_view place) {
    return Append(wal, AlterWal(place));
  }
  absl::StatusOr<AppendResult> Append(Wal& wal, MutableMessage message) {
    return Run([&] { return wal.Append(std::move(message), {}); });
  }
  AppendResult MustAppend(Wal& wal, std::string_view payload) {
    absl::StatusOr<AppendResult> result = Append(wal, LogWorld::Message(payload));
    CHECK_OK(result);
    return *result;
  }

  // What a scan from there to the tail gives: payloads, "|" for an AlterWAL; and its error.
  std::vector<std::string> ReadAll(RoWal& wal, ReadOptions options = {}) {
    options.until = TailAtOpen{};
    absl::StatusOr<std::unique_ptr<Scanner>> scanner = Run([&] { return wal.Read(options); });
    if (!scanner.ok()) return {WalErrorCodeName(CodeOf(scanner))};
    std::vector<std::string> payloads;
    bool end = false;
    while (!end) {
      absl::StatusOr<ScanBatch> batch = Run([&] { return (*scanner)->Next(ScanBatch()); });
      if (!batch.ok()) {
        payloads.push_back(WalErrorCodeName(CodeOf(batch)));
        break;
      }
      Add(*batch, &payloads);
      end = batch->end;
    }
    CHECK_OK(Run([&] { return (*scanner)->Close(); }));
    return payloads;
  }
  static void Add(const ScanBatch& batch, std::vector<std::string>* payloads) {
    for (const ImmutableMessage& message : batch.messages) {
      const bool is_seam = message.type() == MessageType::kAlterWal;
      payloads->push_back(is_seam ? "|" : std::string(message.payload()));
    }
  }

  // What lies at a place; "tick" for a TimeTick.
  std::vector<std::string> Stored(const std::string& place) {
    std::vector<std::string> payloads;
    for (const ImmutableMessage& message : at(place).records()) {
      const bool is_tick = message.type() == MessageType::kTimeTick;
      const bool is_seam = message.type() == MessageType::kAlterWal;
      payloads.push_back(is_tick ? "tick" : is_seam ? "|" : std::string(message.payload()));
    }
    return payloads;
  }

 private:
  std::unique_ptr<Opener> MakeOpener(const Environment& environment, const Config& config) {
    absl::StatusOr<std::unique_ptr<Opener>> opener = builder_->Build(environment, config);
    CHECK_OK(opener);
    return *std::move(opener);
  }
  void CloseOpener() {
    (void)Run([this] { return opener_->Close(); });
    opener_.reset();
  }

  TestRuntime runtime_;
  const Config config_;
  Places places_;
  MemoryCheckpointStore store_;
  EventLog events_;
  Environment environment_;
  const std::unique_ptr<OpenerBuilder> builder_;
  std::unique_ptr<Opener> opener_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_SWITCH_WORLD_H_
