#include "sim/world/boundary_probe.h"

#include <string>
#include <utility>
#include <vector>

#include "sim/world/words.h"
#include "wal/message/message_id.h"

namespace tidelog::sim {

using walimpls::OpenerImpls;
using walimpls::OpenOptions;
using walimpls::RoWalImpls;
using walimpls::WalImpls;

class ProbedOpener final : public OpenerImpls {
 public:
  ProbedOpener(BoundaryProbe* probe, std::unique_ptr<OpenerImpls> opener)
      : probe_(probe), opener_(std::move(opener)) {}

  Future<absl::StatusOr<std::unique_ptr<WalImpls>>> Open(PChannel channel,
                                                         OpenOptions options) override {
    const int64_t term = ToInt(channel.term);
    absl::StatusOr<std::unique_ptr<WalImpls>> opened =
        co_await opener_->Open(std::move(channel), options);
    if (opened.ok()) {
      const std::optional<MessageId> boundary = (*opened)->boundary();
      probe_->boundaries_[term] = boundary ? IdOf(*boundary) : check::kNoId;
    }
    co_return opened;
  }
  Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> OpenReadOnly(PChannel channel,
                                                                   OpenOptions options) override {
    return opener_->OpenReadOnly(std::move(channel), options);
  }
  Future<absl::Status> Prepare(std::string channel) override {
    return opener_->Prepare(std::move(channel));
  }
  Future<absl::StatusOr<std::vector<std::string>>> Channels() override {
    return opener_->Channels();
  }
  Future<absl::Status> Close() override { return opener_->Close(); }

 private:
  BoundaryProbe* const probe_;
  const std::unique_ptr<OpenerImpls> opener_;
};

absl::StatusOr<std::unique_ptr<OpenerImpls>> BoundaryProbe::Build(const Environment& environment,
                                                                  const Config& config) {
  absl::StatusOr<std::unique_ptr<OpenerImpls>> opener = backend_->Build(environment, config);
  if (!opener.ok()) return opener.status();
  return std::make_unique<ProbedOpener>(this, *std::move(opener));
}

std::optional<check::Id> BoundaryProbe::BoundaryOf(int64_t term) const {
  const auto found = boundaries_.find(term);
  if (found == boundaries_.end()) return std::nullopt;
  return found->second;
}

}  // namespace tidelog::sim
