// MemoryBuilder: what an adaptor over memory is built on.
#ifndef TIDELOG_SIM_MODEL_MEMORY_BUILDER_H_
#define TIDELOG_SIM_MODEL_MEMORY_BUILDER_H_

#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "impls/memory/memory.h"
#include "impls/memory/store.h"
#include "wal/environment.h"
#include "walimpls/opener.h"

namespace tidelog::sim {

// Its openers share a store, so that a log outlives them as one on a disk does.
class MemoryBuilder final : public walimpls::OpenerBuilderImpls {
 public:
  explicit MemoryBuilder(std::shared_ptr<impls::memory::Store> store) : store_(std::move(store)) {}

  std::string_view name() const override { return impls::memory::kName; }
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment& environment,
                                                               const Config&) override {
    return impls::memory::MakeOpener(environment, store_);
  }

 private:
  const std::shared_ptr<impls::memory::Store> store_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MODEL_MEMORY_BUILDER_H_
