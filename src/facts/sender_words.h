// What a sender can do, in words that several reasons and replies share.
#pragma once

#include <string_view>

namespace hermetic::facts {

inline constexpr std::string_view kCheckAddress =
    "Check the address for typing errors and send the message again. If it is right, ask the "
    "recipient in another way for the address that works now.";
inline constexpr std::string_view kAskRecipient =
    "Reach the recipient in another way, and ask them to show this notice to those who run their "
    "mail system.";
inline constexpr std::string_view kTryLater =
    "Try again later, or reach the recipient in another way.";
inline constexpr std::string_view kAskUs =
    "Show this notice to the administrators of your mail system; the address below reaches them.";

}  // namespace hermetic::facts
