// Places: a fake backend with several places, for logs that move.
#ifndef TIDELOG_ADAPTOR_CHAIN_PLACES_H_
#define TIDELOG_ADAPTOR_CHAIN_PLACES_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/environment.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {

// A backend with any number of places: setting "at", "a" if there is none.  Their logs have the
// same number, so that nothing but the epoch tells their ids apart.
class Places : public walimpls::OpenerBuilderImpls {
 public:
  std::string_view name() const override { return "places"; }
  using walimpls::OpenerBuilderImpls::Build;
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment&,
                                                               const Config& config) override {
    std::string at = "a";
    for (const auto& [key, value] : config) {
      if (key != "at") {
        return WalError(WalErrorCode::kInvalidArgument, absl::StrCat("no setting ", key));
      }
      at = value;
    }
    return Of(at).MakeOpener();
  }
  walimpls::FakeLog& log(const std::string& at) { return Of(at).log("orders"); }

  // What openers built from now on find there is nothing, until it is there again.
  void Unmount(const std::string& at) { away_[at] = std::move(places_[at]); }
  void Mount(const std::string& at) {
    below_.push_back(std::move(places_[at]));
    places_[at] = std::move(away_[at]);
  }

 private:
  using Backend = std::unique_ptr<walimpls::FakeBackend>;
  walimpls::FakeBackend& Of(const std::string& at) {
    Backend& place = places_[at];
    if (place == nullptr) place = std::make_unique<walimpls::FakeBackend>();
    return *place;
  }

  std::map<std::string, Backend> places_;
  std::map<std::string, Backend> away_;
  std::vector<Backend> below_;  // What was made where something was away.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_PLACES_H_
