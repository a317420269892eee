/* Starts GraphiQL with three examples that have an answer in every catalogue, the demo's too. */
"use strict";

const examples = [
  {
    query: `# Everything answers here: press Ctrl-Enter, or pick a field in the documentation on the left.
query MostVoted {
  titles(perPage: 5) {
    total
    items {
      displayName
      startYear
      averageRating
      genres
    }
  }
}
`,
  },
  {
    query: `# Search understands typos, accents and a year among the words.
query Search($text: String!) {
  search(query: $text, limit: 5) {
    matchedOn
    title {
      displayName
      type
      startYear
      ids {
        imdb
        tmdb
      }
    }
  }
}
`,
    variables: `{"text": "the lighthouse"}`,
  },
  {
    query: `# A whole show in one request.
query ShowWithEpisodes {
  titles(type: show, perPage: 1) {
    items {
      show {
        showId
        episodeCount
        title {
          displayName
        }
        seasons {
          seasonNumber
          averageRating
          episodes {
            episodeNumber
            displayName
            averageRating
          }
        }
      }
    }
  }
}
`,
  },
];

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: window.location.pathname }),
    defaultTabs: examples,
    defaultEditorToolsVisibility: "variables",
  }),
);
