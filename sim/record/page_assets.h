// How a page of page.h looks, and what it does when it is pointed at.
#ifndef TIDELOG_SIM_RECORD_PAGE_ASSETS_H_
#define TIDELOG_SIM_RECORD_PAGE_ASSETS_H_

#include <string_view>

namespace tidelog::sim {

extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_PAGE_ASSETS_H_
