"use strict";

/** Announcements only decorate the page. */
async function loadAnnouncements(api) {
  try {
    return await api.announcements();
  } catch {
    return [];
  }
}

/**
 * Everything that the account page shows.
 *
 * @param {object} api
 * @param {string} accountId
 */
async function loadOverview(api, accountId) {
  const [account, invoices, usage, tickets, announcements] = await Promise.all([
    api.account(accountId),
    api.invoices(accountId),
    api.usage(accountId),
    api.tickets(accountId),
    loadAnnouncements(api),
  ]);

  return {
    name: account.name,
    plan: account.plan,
    openInvoices: invoices.filter((invoice) => !invoice.paid).length,
    usagePercent: Math.round((100 * usage.used) / usage.quota),
    openTickets: tickets.filter((ticket) => ticket.state === "open").length,
    announcements,
  };
}

module.exports = { loadOverview };
