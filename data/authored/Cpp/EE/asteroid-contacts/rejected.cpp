#include <cmath>
#include <cstddef>
#include <vector>

struct Rock {
    float x = 0, y = 0, radius = 0;
};

struct Contact {
    std::size_t first = 0, second = 0;
};

namespace {

struct Box {
    double left = 0, right = 0, top = 0, bottom = 0;

    explicit Box(const Rock& rock)
        : left(static_cast<double>(rock.x) - rock.radius), right(static_cast<double>(rock.x) + rock.radius),
          top(static_cast<double>(rock.y) - rock.radius), bottom(static_cast<double>(rock.y) + rock.radius) {}

    bool meets(const Box& other) const {
        return left <= other.right && other.left <= right && top <= other.bottom && other.top <= bottom;
    }
};

bool touch(const Rock& a, const Rock& b) {
    const double dx = static_cast<double>(a.x) - b.x;
    const double dy = static_cast<double>(a.y) - b.y;
    const double reach = static_cast<double>(a.radius) + b.radius;
    return dx * dx + dy * dy <= reach * reach;
}

}  // namespace

std::vector<Contact> findContacts(const std::vector<Rock>& rocks) {
    // A cheap test of the bounding boxes goes before the exact one.
    std::vector<Box> boxes(rocks.begin(), rocks.end());
    std::vector<Contact> contacts;
    for (std::size_t first = 0; first < rocks.size(); ++first) {
        for (std::size_t second = first + 1; second < rocks.size(); ++second) {
            if (boxes[first].meets(boxes[second]) && touch(rocks[first], rocks[second])) {
                contacts.push_back({first, second});
            }
        }
    }
    return contacts;
}
