#include "wal/async/quarantine.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tidelog {
namespace {

TEST(QuarantineTest, KeepsAnInmateUntilItsCallReturns) {
  Quarantine quarantine;
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = object;
  const Quarantine::Ticket ticket = quarantine.Admit("fdatasync of a", std::move(object));
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(quarantine.size(), 1u);
  quarantine.Release(ticket);
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(quarantine.size(), 0u);
}

TEST(QuarantineTest, DescribesInmatesOldestFirst) {
  Quarantine quarantine;
  const Quarantine::Ticket first = quarantine.Admit("z", std::make_shared<int>(1));
  quarantine.Admit("a", std::make_shared<int>(2));
  quarantine.Admit("m", std::make_shared<int>(3));
  EXPECT_EQ(quarantine.Describe(), (std::vector<std::string>{"z", "a", "m"}));
  quarantine.Release(first);
  EXPECT_EQ(quarantine.Describe(), (std::vector<std::string>{"a", "m"}));
}

// Goal: an inmate's destructor may use the quarantine.
TEST(QuarantineTest, FreesOutsideItsLock) {
  struct Inmate {
    ~Inmate() { *size = quarantine->size(); }
    Quarantine* quarantine;
    size_t* size;
  };
  Quarantine quarantine;
  size_t size = 99;
  auto inmate = std::make_shared<Inmate>();
  inmate->quarantine = &quarantine;
  inmate->size = &size;
  const Quarantine::Ticket ticket = quarantine.Admit("x", std::move(inmate));
  quarantine.Release(ticket);
  EXPECT_EQ(size, 0u);
}

TEST(QuarantineDeathTest, ReleasingTwiceAborts) {
  Quarantine quarantine;
  const Quarantine::Ticket ticket = quarantine.Admit("x", std::make_shared<int>(1));
  quarantine.Release(ticket);
  EXPECT_DEATH(quarantine.Release(ticket), "ticket 1 is not in quarantine");
}

}  // namespace
}  // namespace tidelog
