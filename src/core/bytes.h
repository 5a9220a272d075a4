// Message bytes: immutable, reference-counted, cheap to hand from thread to thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hermetic {

// Thread-safe to copy and read. view() is valid while any copy lives.
class Bytes {
public:
    Bytes() = default;
    explicit Bytes(std::string text) : data_{std::make_shared<const std::string>(std::move(text))}
    {
    }
    // `room`: what they take of some memory; given back with the last copy.
    Bytes(std::string text, std::shared_ptr<void> room)
    {
        struct Held {
            std::shared_ptr<void> room;
            std::string text;
        };
        auto held = std::make_shared<Held>();
        held->room = std::move(room);
        held->text = std::move(text);
        data_ = {held, &held->text};
    }

    [[nodiscard]] std::string_view view() const
    {
        return data_ ? std::string_view{*data_} : std::string_view{};
    }
    [[nodiscard]] std::size_t size() const { return data_ ? data_->size() : 0; }
    [[nodiscard]] bool empty() const { return size() == 0; }

private:
    std::shared_ptr<const std::string> data_;
};

}  // namespace hermetic
