#include "registry/registry.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/environment.h"
#include "wal/types.h"
#include "walimpls/opener.h"

namespace tidelog::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A builder that is only looked up.  Says when it is destroyed.
class NamedBuilder final : public walimpls::OpenerBuilderImpls {
 public:
  explicit NamedBuilder(std::string name, bool* destroyed = nullptr)
      : name_(std::move(name)), destroyed_(destroyed) {}
  ~NamedBuilder() override {
    if (destroyed_ != nullptr) *destroyed_ = true;
  }

  std::string_view name() const override { return name_; }
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment&,
                                                               const Config&) override {
    return absl::UnimplementedError("never built");
  }

 private:
  const std::string name_;
  bool* const destroyed_;
};

TEST(RegistryTest, ABuilderIsFoundByItsName) {
  Registry registry;
  auto builder = std::make_unique<NamedBuilder>("tape");
  walimpls::OpenerBuilderImpls* const expected = builder.get();
  ASSERT_TRUE(registry.RegisterBuilder(std::move(builder)).ok());
  ASSERT_TRUE(registry.RegisterBuilder(std::make_unique<NamedBuilder>("drum")).ok());

  const absl::StatusOr<walimpls::OpenerBuilderImpls*> found = registry.GetBuilder("tape");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, expected);
}

TEST(RegistryTest, NamesAreSorted) {
  Registry registry;
  for (const char* name : {"tape", "card", "drum"}) {
    ASSERT_TRUE(registry.RegisterBuilder(std::make_unique<NamedBuilder>(name)).ok());
  }
  EXPECT_THAT(registry.Names(), ElementsAre("card", "drum", "tape"));
}

TEST(RegistryTest, ASecondBuilderOfANameIsRefusedAndDropped) {
  bool first_destroyed = false;
  bool second_destroyed = false;
  Registry registry;
  auto first = std::make_unique<NamedBuilder>("tape", &first_destroyed);
  walimpls::OpenerBuilderImpls* const expected = first.get();
  ASSERT_TRUE(registry.RegisterBuilder(std::move(first)).ok());

  const absl::Status second =
      registry.RegisterBuilder(std::make_unique<NamedBuilder>("tape", &second_destroyed));
  EXPECT_EQ(second.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(second.message(), HasSubstr("tape"));
  EXPECT_TRUE(second_destroyed);
  EXPECT_FALSE(first_destroyed);
  EXPECT_EQ(registry.GetBuilder("tape").value(), expected);
}

TEST(RegistryTest, AMissingNameIsNotFoundAndTheErrorNamesThoseThereAre) {
  Registry registry;
  ASSERT_TRUE(registry.RegisterBuilder(std::make_unique<NamedBuilder>("tape")).ok());
  ASSERT_TRUE(registry.RegisterBuilder(std::make_unique<NamedBuilder>("drum")).ok());

  const absl::Status missing = registry.GetBuilder("disk").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("\"disk\""));
  EXPECT_THAT(missing.message(), HasSubstr("drum, tape"));
}

TEST(RegistryTest, AnEmptyRegistrySaysThatThereAreNone) {
  const Registry registry;
  const absl::Status missing = registry.GetBuilder("disk").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("none"));
}

TEST(RegistryTest, TheProgramHasOneRegistry) {
  ASSERT_TRUE(RegisterBuilder(std::make_unique<NamedBuilder>("tape")).ok());
  EXPECT_EQ(RegisterBuilder(std::make_unique<NamedBuilder>("tape")).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(BuilderNames(), ElementsAre("tape"));
  EXPECT_EQ(&MustGetBuilder("tape"), GetBuilder("tape").value());
}

TEST(RegistryDeathTest, MustGetBuilderAbortsNamingWhatIsMissing) {
  EXPECT_DEATH(MustGetBuilder("disk"), "no backend \"disk\" is linked in");
}

}  // namespace
}  // namespace tidelog::registry
