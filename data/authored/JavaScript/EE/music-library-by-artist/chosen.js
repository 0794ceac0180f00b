"use strict";

/** Order of songs within an artist. */
function byAlbumAndTrack(a, b) {
  if (a.album !== b.album) {
    return a.album < b.album ? -1 : 1;
  }
  return a.track - b.track;
}

/**
 * Group the songs of a library by artist.
 *
 * @param {{ title: string, artist: string, album: string, track: number }[]} songs
 * @returns {Map<string, object[]>}
 */
function byArtist(songs) {
  const shelves = new Map();
  for (const song of songs) {
    const known = shelves.get(song.artist);
    if (known === undefined) {
      shelves.set(song.artist, [song]);
    } else {
      known.push(song);
    }
  }
  for (const ofArtist of shelves.values()) {
    ofArtist.sort(byAlbumAndTrack);
  }
  return shelves;
}

module.exports = { byArtist };
