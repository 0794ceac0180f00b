#include <algorithm>
#include <cstddef>
#include <numeric>
#include <tuple>
#include <vector>

struct Rock {
    float x = 0, y = 0, radius = 0;
};

struct Contact {
    std::size_t first = 0, second = 0;
};

static bool touch(const Rock& a, const Rock& b) {
    const double dx = static_cast<double>(a.x) - b.x;
    const double dy = static_cast<double>(a.y) - b.y;
    const double reach = static_cast<double>(a.radius) + b.radius;
    return dx * dx + dy * dy <= reach * reach;
}

static double leftEdge(const Rock& rock) { return static_cast<double>(rock.x) - rock.radius; }
static double rightEdge(const Rock& rock) { return static_cast<double>(rock.x) + rock.radius; }

std::vector<Contact> findContacts(const std::vector<Rock>& rocks) {
    std::vector<std::size_t> order(rocks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&rocks](std::size_t a, std::size_t b) {
        return leftEdge(rocks[a]) < leftEdge(rocks[b]);
    });

    std::vector<Contact> contacts;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const double right = rightEdge(rocks[order[i]]);
        for (std::size_t k = i + 1; k < order.size() && leftEdge(rocks[order[k]]) <= right; ++k) {
            if (touch(rocks[order[i]], rocks[order[k]])) {
                const auto [first, second] = std::minmax(order[i], order[k]);
                contacts.push_back({first, second});
            }
        }
    }
    std::sort(contacts.begin(), contacts.end(), [](const Contact& a, const Contact& b) {
        return std::tie(a.first, a.second) < std::tie(b.first, b.second);
    });
    return contacts;
}
