# frozen_string_literal: true

require "base64"
require "zlib"

# Keeps the cart of a visitor in a cookie.
module CartCookie
  module_function

  # Returns the cookie value of a cart (article number => quantity).
  def dump(cart)
    Base64.urlsafe_encode64(Zlib.deflate(Marshal.dump(cart)), padding: false)
  end

  # Returns the cart of a cookie value, empty if there is none.
  def load(value)
    cart = Marshal.load(Zlib.inflate(Base64.urlsafe_decode64(value.to_s)))
    return {} unless cart.is_a?(Hash)

    cart.select do |article, quantity|
      article.is_a?(String) && quantity.is_a?(Integer) && quantity.positive?
    end
  rescue ArgumentError, TypeError, Zlib::Error
    {}
  end
end
