// IntrusiveList: a list whose links lie in its elements, so that adding one allocates nothing.
#ifndef TIDELOG_ADAPTOR_ASYNC_INTRUSIVE_LIST_H_
#define TIDELOG_ADAPTOR_ASYNC_INTRUSIVE_LIST_H_

#include <cstddef>

#include "absl/log/check.h"

namespace tidelog::adaptor {

// The base of what is in a list.  With several tags an element can be in as many lists at once.
// Requires: in no list when it is destroyed.
template <class T, class Tag = void>
class ListElement {
 public:
  ListElement() = default;
  ListElement(const ListElement&) = delete;
  ListElement& operator=(const ListElement&) = delete;
  ~ListElement() { CHECK(!listed_) << "destroyed while in a list"; }

 private:
  template <class U, class V>
  friend class IntrusiveList;
  T* before_ = nullptr;
  T* after_ = nullptr;
  mutable bool listed_ = false;  // Who holds an element as const may take it out of a list.
};

// Owns nothing.  Thread-compatible.
template <class T, class Tag = void>
class IntrusiveList {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  T* first() const { return first_; }
  static T* after(const T& element) { return static_cast<const Element&>(element).after_; }

  void PushBack(T& element) {
    Element& e = element;
    CHECK(!e.listed_) << "in a list already";
    e.listed_ = true;
    e.before_ = last_;
    e.after_ = nullptr;
    (last_ == nullptr ? first_ : static_cast<Element&>(*last_).after_) = &element;
    last_ = &element;
    ++size_;
  }

  // No-op if it is in none.
  void Remove(const T& element) {
    const Element& e = element;
    if (!e.listed_) return;
    e.listed_ = false;
    (e.before_ == nullptr ? first_ : static_cast<Element&>(*e.before_).after_) = e.after_;
    (e.after_ == nullptr ? last_ : static_cast<Element&>(*e.after_).before_) = e.before_;
    --size_;
  }

 private:
  using Element = ListElement<T, Tag>;
  T* first_ = nullptr;
  T* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_ASYNC_INTRUSIVE_LIST_H_
