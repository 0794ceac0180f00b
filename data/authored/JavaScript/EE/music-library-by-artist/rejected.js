"use strict";

/** Order of songs within an artist. */
function byAlbumAndTrack(a, b) {
  if (a.album !== b.album) {
    return a.album < b.album ? -1 : 1;
  }
  return a.track - b.track;
}

/** Library with one more song; the given one stays as it is. */
function withSong(shelves, song) {
  const ofArtist = shelves.get(song.artist) ?? [];
  return new Map([...shelves, [song.artist, [...ofArtist, song]]]);
}

/**
 * Group the songs of a library by artist.
 *
 * @param {{ title: string, artist: string, album: string, track: number }[]} songs
 * @returns {Map<string, object[]>}
 */
function byArtist(songs) {
  const shelves = songs.reduce(withSong, new Map());
  const sorted = Array.from(shelves, ([artist, ofArtist]) => [
    artist,
    [...ofArtist].sort(byAlbumAndTrack),
  ]);
  return new Map(sorted);
}

module.exports = { byArtist };
